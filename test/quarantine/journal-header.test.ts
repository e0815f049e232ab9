import { describe, expect, it } from 'vitest';
import { CorruptionError, StemeError } from '../../src/base/errors.js';
import {
  decodeJournalHeader,
  encodeJournalHeader,
  JOURNAL_INTAKE,
  JOURNAL_MANIFEST,
  JOURNAL_SEGMENT,
  type JournalHeader,
  journalIdentity,
} from '../../src/quarantine/journal-header.js';

const HEADER: JournalHeader = {
  databaseId: 0xfedcba98,
  kind: JOURNAL_SEGMENT,
  number: 12,
  firstEntry: 345,
  createdAtMs: 1_700_000_000_123,
  predecessorEndBytes: 0,
  alignmentBytes: 8,
  tenant: 'Zoë',
};

function changed(at: number, value: number): Uint8Array {
  const payload = encodeJournalHeader(HEADER);
  payload[at] = value;
  return payload;
}

describe('the header of a journal file', () => {
  it('is read as it was written', () => {
    expect(decodeJournalHeader(encodeJournalHeader(HEADER), 'f')).toEqual(HEADER);
    const intake = {
      ...HEADER,
      kind: JOURNAL_INTAKE,
      tenant: '',
      alignmentBytes: 4096,
      predecessorEndBytes: 8192,
    } as const;
    expect(decodeJournalHeader(encodeJournalHeader(intake), 'f')).toEqual(intake);
  });

  it('of a newer format is refused as such', () => {
    expect(() => decodeJournalHeader(changed(0, 2), '000012.segment')).toThrow(StemeError);
    expect(() => decodeJournalHeader(changed(0, 2), '000012.segment')).toThrow(
      /of format version 2; this package reads/,
    );
  });

  it.each([
    ['is cut off', encodeJournalHeader(HEADER).subarray(0, 47)],
    ['is empty', new Uint8Array(0)],
    ['has a longer tenant than there is', changed(46, 5)],
    ['has a kind that nobody writes', changed(44, 4)],
    ['has an alignment that nobody writes', changed(40, 16)],
    ['has a number above 2^53', changed(15, 0xff)],
  ])('that %s is corruption', (_name, payload) => {
    expect(() => decodeJournalHeader(payload, 'f')).toThrow(CorruptionError);
  });

  it('gives every file an identity of its own', () => {
    const places = [
      HEADER,
      { ...HEADER, databaseId: 1 },
      { ...HEADER, number: 13 },
      { ...HEADER, kind: JOURNAL_MANIFEST as JournalHeader['kind'] },
      { ...HEADER, tenant: 'zoë' },
      { ...HEADER, tenant: '' },
    ];
    expect(new Set(places.map(journalIdentity)).size).toBe(places.length);
  });
});
