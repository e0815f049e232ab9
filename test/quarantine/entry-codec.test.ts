import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptionError, StemeError } from '../../src/base/errors.js';
import { QUARANTINE_DETAIL_BYTES_MAX, SEQUENCE_MAX } from '../../src/base/limits.js';
import { decodeEntry, ENTRY_HEAD_BYTES, encodeEntry, type JournalEntry } from '../../src/quarantine/entry-codec.js';
import { answerOf, fuzzRuns, mutate, mutations } from '../support/fuzz.js';

const PLACE = { file: '000001.segment', offsetBytes: 4096 };

const ENTRY: JournalEntry = {
  number: 7,
  tenant: 'acme',
  id: 'events.ndjson:3',
  reason: 'malformed',
  detail: 'not JSON',
  source: 'events.ndjson',
  sourcePosition: 3,
  contentType: 'application/json',
  timestampMs: 1_700_000_000_000,
  appendedAtMs: 1_700_000_000_500,
  attemptCount: 2,
  payload: Buffer.from('{"a":'),
};

/** Bytes of format version 1: a change here is a change of the format, and needs a new version. */
const GOLDEN = Buffer.from(encodeEntry(ENTRY));

const text = (maxLength: number): fc.Arbitrary<string> => fc.string({ unit: 'grapheme', maxLength });
const numbers = fc.nat(SEQUENCE_MAX - 1);
const entries: fc.Arbitrary<JournalEntry> = fc.record({
  number: fc.integer({ min: 1, max: SEQUENCE_MAX }),
  tenant: text(20),
  id: text(20),
  reason: text(10),
  detail: text(20),
  source: text(20),
  sourcePosition: fc.option(numbers, { nil: undefined }),
  contentType: fc.string({ maxLength: 20 }),
  timestampMs: numbers,
  appendedAtMs: numbers,
  attemptCount: fc.nat(2 ** 32 - 1),
  payload: fc.uint8Array({ maxLength: 300 }),
});

describe('an entry', () => {
  it('keeps texts apart whose letters are the bytes of each other', () => {
    for (const id of ['\u00c3\u00a9', '\u00e9', '\u00c3\u00a9', 'e', '']) {
      const bytes = encodeEntry({ ...ENTRY, id });
      expect(decodeEntry(bytes, 0, { file: 'f', offsetBytes: 0 }).entry.id).toBe(id);
    }
  });

  it('is read as it was written, back to back with others', () => {
    fc.assert(
      fc.property(fc.array(entries, { minLength: 1, maxLength: 4 }), (list) => {
        const bytes = Buffer.concat(list.map(encodeEntry));
        let at = 0;
        for (const expected of list) {
          const { entry, end } = decodeEntry(bytes, at, PLACE);
          expect({ ...entry, payload: Buffer.from(entry.payload) }).toEqual({
            ...expected,
            payload: Buffer.from(expected.payload),
          });
          at = end;
        }
        expect(at).toBe(bytes.length);
      }),
      fuzzRuns(300),
    );
  });

  it('with any byte changed is not believed', () => {
    for (let at = 0; at < GOLDEN.length; at++) {
      const bytes = Buffer.from(GOLDEN);
      bytes[at] ^= 0x40;
      expect(() => decodeEntry(bytes, 0, PLACE)).toThrow(StemeError);
    }
  });

  it('that is cut off is damage at its place', () => {
    for (let length = 0; length < GOLDEN.length; length++) {
      expect(() => decodeEntry(GOLDEN.subarray(0, length), 0, PLACE)).toThrow(CorruptionError);
    }
    expect(() => decodeEntry(GOLDEN.subarray(0, ENTRY_HEAD_BYTES), 0, PLACE)).toThrow(
      /000001\.segment is damaged at byte 4096: expected an entry/,
    );
  });

  it('of a later version is refused as such', () => {
    const bytes = Buffer.from(GOLDEN);
    bytes[0] = 2;
    expect(() => decodeEntry(bytes, 0, PLACE)).toThrow(
      /000001\.segment has an entry of format version 2; this package reads version 1/,
    );
  });

  it('with a text above its limit is a bug of ours', () => {
    const detail = 'x'.repeat(QUARANTINE_DETAIL_BYTES_MAX + 1);
    expect(() => encodeEntry({ ...ENTRY, detail })).toThrow(/the detail of an entry is within its limit/);
  });

  it('is decoded honestly whatever the bytes are', () => {
    fc.assert(
      fc.property(mutations, (list) => {
        const bytes = Buffer.from(mutate(GOLDEN, list));
        const answer = answerOf(() => decodeEntry(bytes, 0, PLACE));
        if ('value' in answer) expect(bytes.subarray(0, answer.value.end).equals(GOLDEN)).toBe(true);
      }),
      fuzzRuns(2000),
    );
  });
});
