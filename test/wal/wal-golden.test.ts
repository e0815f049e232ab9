import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  KIND_DELETE,
  KIND_LOG_MARK,
  KIND_PUT,
  KIND_PUT_EXPIRING,
  KIND_RANGE_DELETE,
} from '../../src/base/internal-key.js';
import { storedValue } from '../../src/base/stored-value.js';
import { FRAME_FULL, FRAME_HEADER, logIdentity } from '../../src/log/log-format.js';
import { decodeSegmentHeader, encodeSegmentHeader } from '../../src/wal/wal-segment.js';
import { eventsOfBytes, frameOf } from '../log/log-bytes.js';
import { operationsOf, recordOf } from './wal-bytes.js';

const DATABASE_ID = 0xdb1d;
const IDENTITY = logIdentity(DATABASE_ID, 7);
const HEADER = {
  databaseId: DATABASE_ID,
  number: 7,
  predecessorNumber: 5,
  predecessorEndBytes: 4096,
  alignmentBytes: 8,
  createdAtMs: 1_700_000_000_000,
};
const OPERATIONS = [
  { kind: KIND_PUT, key: Buffer.from('city'), value: Buffer.from('Basel') },
  { kind: KIND_DELETE, key: Buffer.from('town') },
];

/** Bytes of format version 1: a change here is a change of the format, and needs a new version. */
const GOLDEN = Buffer.from(
  [
    'a1070dd330000000 2308e76b00000000 2900000000000000 0100000000000000',
    '010000001ddb0000 0700000000000000 0500000000000000 0010000000000000 0800000000000000 0068e5cf8b010000',
    '6e28598d1a000000 2308e76b01000000 2900000000000000 0200000000000000',
    '2a00000000000000 0104056369747942 6173656c0004746f 776e000000000000',
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
);

describe('the golden segment', () => {
  it('is what is written', () => {
    const common = { durableMark: 41, identity: IDENTITY };
    const header = frameOf({ payload: encodeSegmentHeader(HEADER), ordinal: 0, type: FRAME_HEADER, ...common });
    const record = frameOf({ payload: recordOf(42, OPERATIONS), ordinal: 1, type: FRAME_FULL, ...common });
    expect(Buffer.concat([header, record]).toString('hex')).toBe(GOLDEN.toString('hex'));
  });

  it('is read as what it says', async () => {
    const [header, record, end] = await eventsOfBytes(GOLDEN, { identity: IDENTITY });
    if (header.kind !== 'record' || record.kind !== 'record') throw new Error('two records');
    expect(decodeSegmentHeader(header.payload, '000007.log')).toEqual(HEADER);
    expect(operationsOf(record.payload, { file: '000007.log', offsetBytes: record.offsetBytes })).toEqual([
      { sequence: 42, ...OPERATIONS[0] },
      { sequence: 43, ...OPERATIONS[1], value: Buffer.alloc(0) },
    ]);
    expect(record.durableMark).toBe(41);
    expect(end).toEqual({ kind: 'end', endBytes: GOLDEN.length, isTorn: false });
  });

  it('stands in the documentation, byte for byte', () => {
    expect(documentation()).toContain(dumpOf(GOLDEN));
  });
});

describe('the golden record of the later kinds', () => {
  const RECORD = Buffer.from(
    '2c00000000000000 02 02 02 6261 6263 03 04 0d 63697479 0068e5cf8b010000 426173656c 06 00'.replaceAll(' ', ''),
    'hex',
  );
  const LATER = [
    { kind: KIND_RANGE_DELETE, key: Buffer.from('ba'), value: Buffer.from('bc') },
    {
      kind: KIND_PUT_EXPIRING,
      key: Buffer.from('city'),
      value: Buffer.from(storedValue(1_700_000_000_000, Buffer.from('Basel'))),
    },
    { kind: KIND_LOG_MARK, key: Buffer.alloc(0) },
  ];

  it('is what is written', () => {
    expect(Buffer.from(recordOf(44, LATER)).toString('hex')).toBe(RECORD.toString('hex'));
  });

  it('is read as what it says', () => {
    expect(operationsOf(RECORD, { file: '000007.log', offsetBytes: 0 })).toEqual([
      { sequence: 44, ...LATER[0] },
      { sequence: 45, ...LATER[1] },
      { sequence: 46, ...LATER[2], value: Buffer.alloc(0) },
    ]);
  });

  it('stands in the documentation, byte for byte', () => {
    expect(documentation()).toContain(dumpOf(RECORD));
  });
});

function dumpOf(bytes: Buffer): string {
  const dump = bytes.toString('hex').match(/.{2}/g) ?? [];
  const lines: string[] = [];
  for (let at = 0; at < dump.length; at += 16) {
    lines.push(`${at.toString(16).padStart(4, '0')}  ${dump.slice(at, at + 16).join(' ')}`);
  }
  return lines.join('\n');
}

function documentation(): string {
  return readFileSync(fileURLToPath(new URL('../../docs/formats.md', import.meta.url)), 'utf8');
}
