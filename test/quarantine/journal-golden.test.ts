import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FRAME_FULL, FRAME_HEADER } from '../../src/log/log-format.js';
import { encodeEntry, type JournalEntry } from '../../src/quarantine/entry-codec.js';
import { encodeJournalHeader, JOURNAL_SEGMENT, journalIdentity } from '../../src/quarantine/journal-header.js';
import { SegmentReader } from '../../src/quarantine/segment-reader.js';
import { frameOf, memoryWith } from '../log/log-bytes.js';

const PLACE = { databaseId: 0xdb1d, kind: JOURNAL_SEGMENT, number: 3, tenant: 'acme' } as const;
const HEADER = {
  ...PLACE,
  firstEntry: 41,
  createdAtMs: 1_700_000_000_000,
  predecessorEndBytes: 0,
  alignmentBytes: 8,
};
const ENTRY: JournalEntry = {
  number: 41,
  tenant: 'acme',
  id: 'a.ndjson:7',
  reason: 'malformed',
  detail: 'not JSON',
  source: 'a.ndjson',
  sourcePosition: 7,
  contentType: 'text/plain',
  timestampMs: 1_700_000_000_000,
  appendedAtMs: 1_700_000_000_250,
  attemptCount: 1,
  payload: Buffer.from('{"a":'),
};

/** Bytes of format version 1: a change here is a change of the format, and needs a new version. */
const GOLDEN = Buffer.from(
  [
    '31d2f2fe340000007dca00da0000000000000000000000000100000000000000',
    '010000001ddb0000030000000000000029000000000000000068e5cf8b010000',
    '0000000000000000080000000200040061636d65000000000960048a72000000',
    '7dca00da0100000001000000000000000200000000000000010a04000a000900',
    '080008000500000029000000000000000068e5cf8b010000fa68e5cf8b010000',
    '0800000000000000010000000000000061636d65612e6e646a736f6e3a376d61',
    '6c666f726d65646e6f74204a534f4e612e6e646a736f6e746578742f706c6169',
    '6e7b2261223a0f8999fa000000000000',
  ].join(''),
  'hex',
);

describe('the golden segment of a quarantine journal', () => {
  it('is what is written', () => {
    const common = { identity: journalIdentity(PLACE) };
    const header = frameOf({ payload: encodeJournalHeader(HEADER), ordinal: 0, type: FRAME_HEADER, ...common });
    const record = frameOf({ payload: encodeEntry(ENTRY), ordinal: 1, type: FRAME_FULL, durableMark: 1, ...common });
    expect(Buffer.concat([header, record]).toString('hex')).toBe(GOLDEN.toString('hex'));
  });

  it('is read as what it says', async () => {
    const path = '/db/000003.segment';
    const fileSystem = await memoryWith({ [path]: GOLDEN });
    const reader = await SegmentReader.open(fileSystem, { path, identity: journalIdentity(PLACE), tenant: 'acme' });
    expect(await reader.next()).toEqual({ kind: 'entry', entry: ENTRY, offsetBytes: 88 });
    expect(await reader.next()).toEqual({ kind: 'end', position: { sizeBytes: GOLDEN.length, frameCount: 2 } });
    await reader.close();
  });

  it('stands in the documentation, byte for byte', () => {
    const page = readFileSync(fileURLToPath(new URL('../../docs/formats.md', import.meta.url)), 'utf8');
    const bytes = GOLDEN.toString('hex').match(/.{2}/g) ?? [];
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; at += 16) {
      lines.push(`${at.toString(16).padStart(4, '0')}  ${bytes.slice(at, at + 16).join(' ')}`);
    }
    expect(page).toContain(lines.join('\n'));
  });
});
