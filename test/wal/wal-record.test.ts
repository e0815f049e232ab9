import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../../src/base/errors.js';
import {
  KIND_DELETE,
  KIND_LOG_MARK,
  KIND_PUT,
  KIND_PUT_BLOB,
  KIND_PUT_BLOB_EXPIRING,
  KIND_PUT_EXPIRING,
  KIND_RANGE_DELETE,
} from '../../src/base/internal-key.js';
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../../src/base/limits.js';
import { EXPIRY_BYTES, storedValue } from '../../src/base/stored-value.js';
import {
  checkWalRecord,
  operationBytes,
  readWalRecord,
  WAL_RECORD_HEADER_BYTES,
  writeOperation,
  writeWalRecordHeader,
} from '../../src/wal/wal-record.js';
import { type Operation, operationsOf, recordOf } from './wal-bytes.js';

const SOURCE = { file: '000002.log', offsetBytes: 4096 };

const bytes = (lengths: fc.Arbitrary<number>) =>
  fc.tuple(lengths, fc.nat(255)).map(([length, fill]) => new Uint8Array(length).fill(fill));
const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant(KIND_DELETE), key: bytes(fc.constantFrom(1, 16, 127, 128, 300)) }),
    fc.record({
      kind: fc.constant(KIND_PUT),
      key: bytes(fc.constantFrom(1, 16, 127, 128, 300)),
      value: bytes(fc.constantFrom(0, 1, 100, 127, 128, 20_000)),
    }),
    fc.record({
      kind: fc.constant(KIND_PUT_EXPIRING),
      key: bytes(fc.constantFrom(1, 127, 128)),
      value: bytes(fc.constantFrom(8, 9, 127, 128)),
    }),
    fc.record({
      kind: fc.constant(KIND_RANGE_DELETE),
      key: fc.constantFrom(1, 127, 300).map((length) => new Uint8Array(length).fill(1)),
      value: fc.constantFrom(1, 128, 300).map((length) => new Uint8Array(length).fill(2)),
    }),
    fc.constant({ kind: KIND_LOG_MARK, key: new Uint8Array(0) }),
  ),
  { minLength: 1, maxLength: 5 },
);

/** Comparing text is a thousand times faster than comparing bytes one by one. */
function textOf({ kind, key, value = new Uint8Array(0) }: Operation): string {
  return `${kind} ${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('hex')}`;
}

describe('a WAL record', () => {
  it('has the bytes that the format describes', () => {
    const record = recordOf(0x0102030405, [
      { kind: KIND_PUT, key: Buffer.from('key'), value: Buffer.from('value') },
      { kind: KIND_DELETE, key: Buffer.from('gone') },
    ]);
    expect(Buffer.from(record).toString('hex')).toBe('0504030201000000' + '0103056b657976616c7565' + '0004676f6e65');
  });

  it('is read as it was written, with consecutive sequences', () => {
    fc.assert(
      fc.property(operations, fc.integer({ min: 1, max: 2 ** 50 }), (written, base) => {
        const record = recordOf(base, written);
        const read = operationsOf(record, SOURCE);
        expect(read.map(({ sequence }) => sequence)).toEqual(written.map((_, i) => base + i));
        expect(read.map(textOf)).toEqual(written.map(textOf));
        expect(checkWalRecord(record, SOURCE)).toEqual({
          firstSequence: base,
          lastSequence: base + written.length - 1,
        });
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('is as long as operationBytes says, to the byte', () => {
    fc.assert(
      fc.property(operations, (written) => {
        const expected = written.reduce(
          (sum, { kind, key, value }) => sum + operationBytes(kind, key.length, value?.length ?? 0),
          WAL_RECORD_HEADER_BYTES,
        );
        expect(recordOf(1, written)).toHaveLength(expected);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('is written from ranges of larger buffers, touching nothing around its place', () => {
    const target = new Uint8Array(40).fill(0xee);
    const source = Buffer.from('..key..value..');
    const end = writeOperation(target, 10, KIND_PUT, source, 2, 5, source, 7, 12);
    expect(end).toBe(10 + operationBytes(KIND_PUT, 3, 5));
    expect(Buffer.from(target.subarray(10, end)).toString('latin1')).toBe('\x01\x03\x05keyvalue');
    expect([...target.subarray(0, 10), ...target.subarray(end)].every((byte) => byte === 0xee)).toBe(true);
  });
});

describe('a malformed WAL record', () => {
  const good = recordOf(7, [{ kind: KIND_PUT, key: Buffer.from('key'), value: Buffer.from('value') }]);
  const withByte = (at: number, value: number) => Buffer.from(good).fill(value, at, at + 1);
  const operation = (kind: number, key: string, value?: Uint8Array | string) =>
    recordOf(7, [{ kind, key: Buffer.from(key), value: value === undefined ? undefined : Buffer.from(value) }]);
  const withKind = (record: Uint8Array, kind: number) => Buffer.from(record).fill(kind, 8, 9);
  const expiring = (valueBytes: number) =>
    operation(KIND_PUT_EXPIRING, 'key', storedValue(1, new Uint8Array(valueBytes)));
  const longKey = recordOf(1, [{ kind: KIND_DELETE, key: new Uint8Array(KEY_BYTES_MAX + 1) }]);
  const headOf = (sequence: number) => {
    const head = new Uint8Array(WAL_RECORD_HEADER_BYTES);
    expect(writeWalRecordHeader(head, 0, sequence)).toBe(WAL_RECORD_HEADER_BYTES);
    return head;
  };

  it.each([
    ['is empty', new Uint8Array(0)],
    ['has no operation', good.subarray(0, 8)],
    ['has an unknown kind', withByte(8, 9)],
    ['has a kind of the future', withByte(8, 7)],
    ['has the kind of a blob reference', withByte(8, KIND_PUT_BLOB)],
    ['has the kind of an expiring blob reference', withByte(8, KIND_PUT_BLOB_EXPIRING)],
    ['has a range without a start', Buffer.from('0700000000000000020003656e64', 'hex')],
    ['has a range without an end', operation(KIND_RANGE_DELETE, 'key', '')],
    ['has an empty range', operation(KIND_RANGE_DELETE, 'key', 'key')],
    ['has a range the wrong way round', operation(KIND_RANGE_DELETE, 'key', 'kex')],
    ['has a range whose end is longer than a key', operation(KIND_RANGE_DELETE, 'a', 'b'.repeat(KEY_BYTES_MAX + 1))],
    ['has an expiring put too short for its time', operation(KIND_PUT_EXPIRING, 'key', '1234567')],
    ['has an expiring put with a value longer than the limit', expiring(VALUE_BYTES_MAX + 1)],
    ['has a mark with a key', withKind(operation(KIND_DELETE, 'k'), KIND_LOG_MARK)],
    ['has an empty key', withByte(9, 0)],
    ['has a key longer than the limit', longKey],
    ['has a key that runs past its end', withByte(9, 100)],
    ['has a value that runs past its end', withByte(10, 6)],
    ['has a value longer than the limit', Buffer.concat([good.subarray(0, 10), Buffer.from([0xff, 0xff, 0xff, 0x7f])])],
    ['ends within a length', Buffer.concat([good.subarray(0, 9), Buffer.from([0x80])])],
    ['has bytes left over', Buffer.concat([good, Buffer.from([1])])],
    ['starts at sequence zero', Buffer.concat([headOf(0), good.subarray(8)])],
    [
      'runs past the last sequence',
      Buffer.concat([headOf(Number.MAX_SAFE_INTEGER), good.subarray(8), good.subarray(8)]),
    ],
    ['has a sequence above 2^53', Buffer.concat([Buffer.alloc(8, 0xff), good.subarray(8)])],
  ])('that %s is refused, and the error names file and offset', (_name, payload) => {
    const attempt = () => checkWalRecord(payload, SOURCE);
    expect(attempt).toThrow(CorruptionError);
    expect(attempt).toThrow(/^000002\.log is damaged at byte 4096: expected /);
  });

  it('is not one whose lengths are exactly the limits', () => {
    const largest = operation(KIND_RANGE_DELETE, 'a', 'b'.repeat(KEY_BYTES_MAX));
    expect(checkWalRecord(largest, SOURCE)).toEqual({ firstSequence: 7, lastSequence: 7 });
    expect(checkWalRecord(expiring(VALUE_BYTES_MAX), SOURCE)).toEqual({ firstSequence: 7, lastSequence: 7 });
    expect(checkWalRecord(operation(KIND_PUT_EXPIRING, 'key', new Uint8Array(EXPIRY_BYTES)), SOURCE).lastSequence).toBe(
      7,
    );
  });

  it('never makes the reader look outside the payload', () => {
    const sequences = fc.integer({ min: 0, max: 2 ** 40 });
    const kinds = fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 255);
    const small = fc.uint8Array({ maxLength: 40 });
    // Junk that begins as an operation does gets further than junk alone.
    const operationLike = fc.tuple(kinds, fc.nat(12), fc.nat(12), small).map(([kind, key, value, rest]) => {
      return Uint8Array.of(kind, key, value, ...rest);
    });
    const tails = fc.oneof(fc.uint8Array({ maxLength: 200 }), operationLike);
    const property = fc.property(sequences, tails, (base, tail) => {
      const payload = Buffer.concat([headOf(base), tail]);
      const visitor = {
        operation: (_sequence: number, _kind: number, keyStart: number, keyEnd: number, start: number, end: number) => {
          expect(8 <= keyStart && keyStart <= keyEnd && keyEnd <= start && start <= end && end <= payload.length).toBe(
            true,
          );
        },
      };
      try {
        readWalRecord(payload, visitor, SOURCE);
      } catch (error) {
        expect(error).toBeInstanceOf(CorruptionError);
      }
    });
    fc.assert(property, { seed: 3, numRuns: 3000 });
  });
});
