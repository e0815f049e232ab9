import { describe, expect, it } from 'vitest';
import { CorruptionError, StemeError } from '../../src/base/errors.js';
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  firstRecordOffsetBytes,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from '../../src/wal/wal-segment.js';

const HEADER: SegmentHeader = {
  databaseId: 0xfedcba98,
  number: 12,
  predecessorNumber: 9,
  predecessorEndBytes: 1_073_741_832,
  alignmentBytes: 4096,
  createdAtMs: 1_700_000_000_123,
};

describe('a segment header', () => {
  it('is read as it was written', () => {
    const payload = encodeSegmentHeader(HEADER);
    expect(payload).toHaveLength(SEGMENT_HEADER_BYTES);
    expect(decodeSegmentHeader(payload, '000012.log')).toEqual(HEADER);
  });

  it('says where the first record stands', () => {
    expect(firstRecordOffsetBytes(8)).toBe(80);
    expect(firstRecordOffsetBytes(4096)).toBe(4096);
  });

  it('of a newer format is refused as such, however long it is', () => {
    for (const length of [4, SEGMENT_HEADER_BYTES, 200]) {
      const payload = new Uint8Array(length);
      payload[0] = 2;
      const attempt = () => decodeSegmentHeader(payload, '000012.log');
      expect(attempt).toThrow(StemeError);
      expect(attempt).toThrow(/000012\.log is a log of format version 2; this package reads version 1/);
    }
  });

  it.each([
    ['is cut off', encodeSegmentHeader(HEADER).subarray(0, SEGMENT_HEADER_BYTES - 1)],
    ['is empty', new Uint8Array(0)],
    ['has an alignment that nobody writes', changed(32, 16)],
    ['has a number above 2^53', changed(15, 0xff)],
    ['names itself as its predecessor', changed(16, 12)],
    ['has an impossible predecessor end', changed(31, 0x7f)],
  ])('that %s is corruption', (_name, payload) => {
    expect(() => decodeSegmentHeader(payload, '000012.log')).toThrow(CorruptionError);
  });

  it('with a predecessor after it, or an odd alignment, is a bug of ours', () => {
    expect(() => encodeSegmentHeader({ ...HEADER, predecessorNumber: 12 })).toThrow(/after its predecessor/);
    expect(() => encodeSegmentHeader({ ...HEADER, alignmentBytes: 512 })).toThrow(/aligned/);
  });
});

function changed(at: number, value: number): Uint8Array {
  const payload = encodeSegmentHeader(HEADER);
  payload[at] = value;
  return payload;
}
