import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BLOB_REFERENCE_BYTES_MAX, writeBlobReference } from '../../src/blob/blob-reference.js';
import { bytesOfBlob, fileSystemWith, openBlob, READ_MODES, writeBlob } from './blob-fixtures.js';

const VALUES = [Buffer.from('orange'), Buffer.from('plum')];

/** Bytes of format version 1: a change here is a change of the format, and needs a new version. */
const LINES = [
  '  0  53 74 65 6d 65 42 4c 42 01 00 00 00 07 00 00 00',
  ' 16  00 00 00 00 9a b4 70 3e 6f 72 61 6e 67 65 00 d2',
  ' 32  c2 74 d3 70 6c 75 6d 00 bb 06 c9 bf',
];
const REFERENCES = ['07 18 06 06', '07 23 04 04'];
const GOLDEN = Buffer.from(LINES.map((line) => line.slice(5).replaceAll(' ', '')).join(''), 'hex');

describe('the golden blob file', () => {
  it('is what is written, with its references', () => {
    const { fileSystem, references } = writeBlob(VALUES, 'none');
    expect(Buffer.from(bytesOfBlob(fileSystem)).toString('hex')).toBe(GOLDEN.toString('hex'));
    const encoded = references.map((reference) => {
      const target = Buffer.alloc(BLOB_REFERENCE_BYTES_MAX);
      return target.subarray(0, writeBlobReference(target, 0, reference)).toString('hex');
    });
    expect(encoded).toEqual(REFERENCES.map((reference) => reference.replaceAll(' ', '')));
  });

  it.each(READ_MODES)('is read: %s', (readMode) => {
    const { references } = writeBlob(VALUES, 'none');
    const reader = openBlob(fileSystemWith(GOLDEN), readMode);
    expect(references.map((reference) => reader.read(reference).toString())).toEqual(['orange', 'plum']);
  });

  it('stands in the documentation as it is', () => {
    const text = readFileSync(join(import.meta.dirname, '../../docs/formats.md'), 'utf8');
    for (const line of [...LINES, ...REFERENCES]) expect(text).toContain(line);
  });
});
