import type { StemeError } from '../../src/base/errors.js';
import { SimulatedTime } from '../../src/base/simulated-time.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import type { JournalEntry } from '../../src/quarantine/entry-codec.js';
import type { EntryRange } from '../../src/quarantine/entry-range.js';
import type { EntryDraft } from '../../src/quarantine/intake-writer.js';
import { QuarantineJournal, type QuarantineJournalOptions } from '../../src/quarantine/quarantine-journal.js';
import { SEGMENT_LIMITS_DEFAULT } from '../../src/quarantine/segment-limits.js';

export const DATABASE_ID = 0xdb1d;
export const START_MS = 1_700_000_000_000;

/** An entry as the application hands it in, with everything but a payload left to defaults. */
export function draftOf(tenant: string, payload: string, fields: Partial<EntryDraft> = {}): EntryDraft {
  return {
    tenant,
    id: `id of ${payload}`.slice(0, 40),
    reason: 'test',
    detail: '',
    source: '',
    sourcePosition: undefined,
    contentType: '',
    timestampMs: START_MS,
    appendedAtMs: START_MS,
    attemptCount: 0,
    payload: Buffer.from(payload),
    ...fields,
  };
}

export const ALL: EntryRange = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, id: undefined, afterEntry: 0 };

export interface JournalRig {
  readonly journal: QuarantineJournal;
  readonly time: SimulatedTime;
  readonly warnings: StemeError[];
}

export async function openJournal(
  fileSystem: FileSystem,
  { segmentBytesMax, ...options }: Partial<QuarantineJournalOptions> & { readonly segmentBytesMax?: number } = {},
): Promise<JournalRig> {
  const time = new SimulatedTime(START_MS);
  const warnings: StemeError[] = [];
  const journal = await QuarantineJournal.open({
    fileSystem,
    directory: '/db',
    databaseId: DATABASE_ID,
    clock: time,
    timers: time,
    isReadOnly: false,
    onWarning: (warning) => warnings.push(warning),
    ...(segmentBytesMax !== undefined && {
      segmentLimitsOf: () => ({ ...SEGMENT_LIMITS_DEFAULT, fileBytesMax: segmentBytesMax }),
    }),
    ...options,
  });
  return { journal, time, warnings };
}

export async function entriesOf(
  journal: QuarantineJournal,
  tenant: string,
  range: Partial<EntryRange> = {},
): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const event of journal.read(tenant, { ...ALL, ...range })) {
    if (event.kind === 'damage') throw event.error;
    entries.push(event.entry);
  }
  return entries;
}

export async function payloadsOf(
  journal: QuarantineJournal,
  tenant: string,
  range: Partial<EntryRange> = {},
): Promise<string[]> {
  return (await entriesOf(journal, tenant, range)).map(({ payload }) => Buffer.from(payload).toString());
}

/** Removes the segments that have no entry above `lastEntry`; returns how many entries they had. */
export async function removeUpTo(journal: QuarantineJournal, tenant: string, lastEntry: number): Promise<number> {
  const removed = await journal.remove(tenant, (segment) => segment.lastEntry <= lastEntry);
  return removed.reduce((sum, { entryCount }) => sum + entryCount, 0);
}
