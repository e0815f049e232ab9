import { xxh3 } from '@node-rs/xxhash';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StemeError } from '../../src/base/errors.js';
import { decodeCatalogue, encodeCatalogue, hexOf } from '../../src/cli/backup/backup-catalogue.js';

const CATALOGUE = {
  id: 3,
  createdAtMs: 1_764_099_000_000,
  sequence: 42,
  files: [
    { name: '000012.sst', bytes: 16_384, xxh3: '0123456789abcdef' },
    { name: 'CURRENT', bytes: 32, xxh3: 'fedcba9876543210' },
  ],
};
const FILE = '000003.backup';

function sealed(line: string): Buffer {
  return Buffer.from(`${line}\nxxh3 ${hexOf(xxh3.xxh64(`${line}\n`))}\n`);
}

describe('the catalogue of a backup', () => {
  it('has these bytes', () => {
    expect(Buffer.from(encodeCatalogue(CATALOGUE)).toString()).toBe(
      '{"format":1,"id":3,"createdAtMs":1764099000000,"sequence":42,"files":' +
        '[{"name":"000012.sst","bytes":16384,"xxh3":"0123456789abcdef"},{"name":"CURRENT","bytes":32,"xxh3":"fedcba9876543210"}]}\n' +
        'xxh3 c97fb4b0069df5db\n',
    );
  });

  it('is read back as it was written', () => {
    expect(decodeCatalogue(encodeCatalogue(CATALOGUE), FILE)).toEqual(CATALOGUE);
  });

  it('with a quarantine is of format 2, which a version without one tells from damage', () => {
    const names = ['CURRENT', 'quarantine/000001.intake', 'quarantine/%/000001.segment', 'quarantine/a/MANIFEST'];
    const catalogue = { ...CATALOGUE, files: names.map((name) => ({ ...CATALOGUE.files[0], name })) };
    const bytes = encodeCatalogue(catalogue);
    expect(Buffer.from(bytes).toString()).toMatch(/^{"format":2,/);
    expect(decodeCatalogue(bytes, FILE)).toEqual(catalogue);
  });

  it('is refused with any bit turned, and cut anywhere', () => {
    const bytes = encodeCatalogue(CATALOGUE);
    for (let i = 0; i < bytes.length; i++) {
      const flipped = bytes.slice();
      flipped[i] ^= 1 << (i % 8);
      expect(() => decodeCatalogue(flipped, FILE)).toThrow('is damaged');
      expect(() => decodeCatalogue(bytes.slice(0, i), FILE)).toThrow('is damaged');
    }
  });

  it.each([
    ['a name that leads out', { ...CATALOGUE, files: [{ ...CATALOGUE.files[0], name: '../000012.sst' }] }],
    ['a name of none of our files', { ...CATALOGUE, files: [{ ...CATALOGUE.files[0], name: 'notes.txt' }] }],
    ['a size below zero', { ...CATALOGUE, files: [{ ...CATALOGUE.files[0], bytes: -1 }] }],
    ['no id', { ...CATALOGUE, id: 0 }],
    ['no files', { ...CATALOGUE, files: undefined }],
  ])('is refused with %s, whatever its checksum says', (_, content) => {
    expect(() => decodeCatalogue(sealed(JSON.stringify({ format: 1, ...content })), FILE)).toThrow('is damaged');
  });

  it.each([
    'quarantine/../000001.segment',
    'quarantine/a/../000001.segment',
    'quarantine/a/b/000001.segment',
    'quarantine//000001.segment',
    '/quarantine/a/000001.segment',
    'quarantine\\a\\000001.segment',
    'quarantine/A/000001.segment',
    'quarantine/%61/000001.segment',
    'quarantine/a/1.segment',
    'quarantine/a/000001.segment/',
    'quarantine/a/MANIFEST.tmp',
    'quarantine/000001.recycled',
    'quarantine/a',
    'quarantine',
  ])('is refused with the name %s', (name) => {
    const content = { format: 2, ...CATALOGUE, files: [{ ...CATALOGUE.files[0], name }] };
    expect(() => decodeCatalogue(sealed(JSON.stringify(content)), FILE)).toThrow('is damaged');
  });

  it('of a later format is told from a damaged one', () => {
    const later = sealed(JSON.stringify({ format: 3, everything: 'else' }));
    expect(() => decodeCatalogue(later, FILE)).toThrow(expect.objectContaining({ code: 'STEME_UNSUPPORTED' }));
  });

  it('is never read into anything but an error that says so from bytes that are none', () => {
    const inputs = fc.oneof(fc.uint8Array(), fc.string().map(sealed), fc.json().map(sealed));
    fc.assert(
      fc.property(inputs, (bytes) => {
        expect(() => decodeCatalogue(bytes, FILE)).toThrow(StemeError);
      }),
    );
  });
});
