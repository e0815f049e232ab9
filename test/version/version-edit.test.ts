import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptionError, StemeError } from '../../src/base/errors.js';
import { KEY_BYTES_MAX, LEVEL_COUNT } from '../../src/base/limits.js';
import { writeVarint } from '../../src/base/varint.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import type { VersionEdit } from '../../src/version/version-edit.js';
import { decodeVersionEdit } from '../../src/version/version-edit-decoder.js';
import { encodeVersionEdit } from '../../src/version/version-edit-encoder.js';
import { added, bytes, edit, table } from './tables.js';

const PLACE = { file: 'MANIFEST-000001', offsetBytes: 48 };

function decode(payload: Uint8Array): VersionEdit {
  return decodeVersionEdit(payload, PLACE);
}

function varints(...values: number[]): number[] {
  const target = new Uint8Array(values.length * 8);
  let end = 0;
  for (const value of values) end = writeVarint(target, end, value);
  return [...target.subarray(0, end)];
}

function field(tag: number, body: readonly number[]): Uint8Array {
  return Uint8Array.from([...varints(tag, body.length), ...body]);
}

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

const number = fc.maxSafeNat();
const key = fc.uint8Array({ minLength: 1, maxLength: 40 });

/** Older files do not say. */
const databaseOfFile = fc.oneof(fc.constant({}), fc.record({ databaseId: fc.nat({ max: 2 ** 32 - 1 }) }));

const anyTable: fc.Arbitrary<TableMetadata> = fc
  .record({
    number,
    fileBytes: number,
    entryCount: number,
    tombstoneCount: number,
    rawBytes: number,
    createdAtMs: number,
    keys: fc.tuple(key, key),
    sequences: fc.tuple(number, number),
    rangeDeleteCount: number,
    keyCount: number,
    isExclusive: fc.boolean(),
    oldestAtMs: number,
    expiry: fc.constantFrom([0, 0], [7, 1_700_000_000_000]),
    globalSequence: number,
    blobUses: fc.array(fc.record({ number, valueCount: number, valueBytes: number }), { maxLength: 3 }),
    origin: databaseOfFile,
  })
  .map(({ keys, sequences, isExclusive, expiry, origin, ...rest }) => {
    const [smallestKey, largestKey] = [...keys].sort(Buffer.compare);
    return {
      ...rest,
      ...origin,
      smallestKey,
      largestKey,
      smallestSequence: Math.min(...sequences),
      largestSequence: Math.max(...sequences),
      isLargestKeyExclusive: isExclusive && Buffer.compare(smallestKey, largestKey) < 0,
      expiringCount: expiry[0],
      largestExpiryMs: expiry[1],
    };
  });

const anyBlob = fc
  .record({ number, fileBytes: number, valueCount: number, valueBytes: number, origin: databaseOfFile })
  .map(({ origin, ...rest }) => ({ ...rest, ...origin }));

const level = fc.nat({ max: LEVEL_COUNT - 1 });

const anyEdit: fc.Arbitrary<VersionEdit> = fc.record(
  {
    isSnapshot: fc.constant(true),
    databaseId: fc.nat({ max: 2 ** 32 - 1 }),
    comparatorName: fc.string({ unit: 'grapheme', maxLength: 20 }),
    logNumber: number,
    nextFileNumber: number,
    lastSequence: number,
    addedTables: fc.array(fc.record({ level, table: anyTable }), { maxLength: 5 }),
    deletedTables: fc.array(fc.record({ level, number }), { maxLength: 5 }),
    addedBlobs: fc.array(anyBlob, { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: ['addedTables', 'deletedTables'] },
);

/** Decodes hostile bytes: an edit, or an error that says what the file is, and no other. */
function expectOrderlyDecode(payload: Uint8Array): void {
  const error = thrownBy(() => decode(payload));
  if (error === undefined || error instanceof CorruptionError) return;
  expect(error).toBeInstanceOf(StemeError);
  expect(error).toHaveProperty('code', 'STEME_UNSUPPORTED');
}

describe('version edit codec', () => {
  it('reads back every edit that it writes', () => {
    const roundTrip = fc.property(anyEdit, (original) => {
      expect(decode(encodeVersionEdit(original))).toEqual(original);
    });
    fc.assert(roundTrip, { seed: 1, numRuns: 500 });
  });

  it('answers random bytes with an edit or with a typed error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), expectOrderlyDecode), { seed: 2, numRuns: 3000 });
  });

  it('answers a damaged edit with an edit or with a typed error', () => {
    const damaged = fc.property(anyEdit, fc.nat(), fc.integer({ min: 1, max: 255 }), (original, at, flip) => {
      const payload = Uint8Array.from(encodeVersionEdit(original));
      if (payload.length > 0) payload[at % payload.length] ^= flip;
      expectOrderlyDecode(payload);
    });
    fc.assert(damaged, { seed: 3, numRuns: 2000 });
  });

  it('finds every truncation inside a field', () => {
    const payload = encodeVersionEdit(added(3, table(7, 'apple', 'pear')));
    for (let length = 1; length < payload.length; length++) {
      expect(thrownBy(() => decode(payload.subarray(0, length)))).toBeInstanceOf(CorruptionError);
    }
  });

  it('names file, offset and expectation in the error', () => {
    expect(thrownBy(() => decode(field(8, [0x80])))).toHaveProperty('damage', {
      ...PLACE,
      expected: 'a log number at byte 2 of the edit',
      found: 'no whole varint below 2^53',
    });
  });

  it('skips an unknown field with an odd tag', () => {
    const payload = Buffer.concat([field(99, [1, 2, 3]), encodeVersionEdit(edit({ logNumber: 5 }))]);
    expect(decode(payload)).toEqual(edit({ logNumber: 5 }));
  });

  it('refuses an unknown field with an even tag as of a newer version', () => {
    expect(thrownBy(() => decode(field(98, [])))).toHaveProperty('code', 'STEME_UNSUPPORTED');
  });

  it('skips an unknown odd field inside a table and refuses an even one', () => {
    const known = encodeVersionEdit(added(1, table(7, 'a', 'b'))).subarray(2);
    expect(decode(field(16, [...known, ...field(101, [9])]))).toEqual(added(1, table(7, 'a', 'b')));
    expect(thrownBy(() => decode(field(16, [...known, ...field(102, [9])])))).toHaveProperty(
      'code',
      'STEME_UNSUPPORTED',
    );
  });

  it.each([
    ['a level past the last', field(12 + 2, varints(LEVEL_COUNT, 3))],
    ['a database id past 32 bits', field(4, varints(2 ** 32))],
    ['a number past 2^53', field(8, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])],
    ['bytes behind a number', field(8, [1, 1])],
    ['a field past the end', Uint8Array.from([8, 2, 1])],
    ['a field that claims 2^50 bytes', Uint8Array.from(varints(6, 2 ** 50))],
    ['a comparator that is not UTF-8', field(6, [0xff])],
    ['a comparator past its limit', field(6, new Array<number>(256).fill(97))],
    ['a scalar twice', Uint8Array.from([...field(8, [1]), ...field(8, [1])])],
    ['an empty key', field(16, [...varints(0, 1, 1, 1, 0, 1, 1, 1, 1), 0, 1, 97])],
    ['a key past its limit', field(16, [...varints(0, 1, 1, 1, 0, 1, 1, 1, 1), ...varints(KEY_BYTES_MAX + 1), 97])],
    ['keys out of order', field(16, [...varints(0, 1, 1, 1, 0, 1, 1, 1, 1), 1, 98, 1, 97])],
    ['sequences out of order', field(16, [...varints(0, 1, 1, 1, 0, 1, 2, 1, 1), 1, 97, 1, 98])],
  ])('calls %s damage', (_, payload) => {
    expect(thrownBy(() => decode(payload))).toBeInstanceOf(CorruptionError);
  });

  it('gives keys memory of their own', () => {
    const payload = encodeVersionEdit(added(1, table(7, 'apple', 'pear')));
    const { addedTables } = decode(payload);
    payload.fill(0);
    expect(addedTables[0].table.smallestKey).toEqual(bytes('apple'));
    expect(addedTables[0].table.smallestKey.buffer.byteLength).toBe(5);
  });

  it('refuses to write a number that it could not read back', () => {
    expect(() => encodeVersionEdit(edit({ logNumber: -1 }))).toThrow('whole number');
    expect(() => encodeVersionEdit(edit({ logNumber: 0.5 }))).toThrow('whole number');
  });
});
