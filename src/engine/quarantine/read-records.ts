import type { CorruptionError } from '../../base/errors.js';
import type { JournalEntry } from '../../quarantine/entry-codec.js';
import type { EntryRange } from '../../quarantine/entry-range.js';
import type { QuarantineJournal } from '../../quarantine/quarantine-journal.js';
import type { EntryMark } from './entry-marks.js';
import { MarkCursor, type MarkStretch } from './mark-cursor.js';
import type { QuarantinedRecord } from './quarantine-api.js';
import type { SystemStore } from './system-store.js';

export type RecordEvent =
  | {
      readonly kind: 'record';
      readonly record: QuarantinedRecord;
      readonly mark: EntryMark | undefined;
      /** A mark that cannot be read may cover it: nobody knows whether a replay has brought it in. */
      readonly isUncertain: boolean;
    }
  /** An entry that cannot be read. */
  | { readonly kind: 'damage'; readonly error: CorruptionError }
  /** A mark that cannot be read; the entries that it may cover follow. */
  | { readonly kind: 'damaged-mark'; readonly error: CorruptionError };

/** The entries of a tenant with what became of them, in order. Errors: STEME_IO, STEME_UNSUPPORTED. */
export async function* readRecords(
  journal: QuarantineJournal,
  store: SystemStore,
  tenant: string,
  range: EntryRange,
): AsyncGenerator<RecordEvent, void> {
  for await (const chunk of readRecordChunks(journal, store, tenant, range)) yield* chunk;
}

/** The same, as many at once as there are at hand. */
export async function* readRecordChunks(
  journal: QuarantineJournal,
  store: SystemStore,
  tenant: string,
  range: EntryRange,
): AsyncGenerator<readonly RecordEvent[], void> {
  // Before the entries: of those that are removed meanwhile the marks go last, and without them they would wait for a replay again.
  const marks = await MarkCursor.open(store, tenant);
  let told: CorruptionError | undefined;
  try {
    for await (const chunk of journal.readChunks(tenant, range)) {
      const events: RecordEvent[] = [];
      for (const event of chunk) {
        if (event.kind === 'damage') {
          events.push(event);
          continue;
        }
        const { entry } = event;
        // A wait for each of many entries would cost more than all the rest.
        const stretch = marks.isBehind(entry.number)
          ? await marks.stretchOf(entry.number)
          : marks.knownStretchOf(entry.number);
        if (stretch?.kind === 'unreadable' && stretch.error !== told) {
          told = stretch.error;
          events.push({ kind: 'damaged-mark', error: told });
        }
        events.push(recordEvent(entry, stretch));
      }
      yield events;
    }
  } finally {
    await marks.close();
  }
}

function recordEvent(entry: JournalEntry, stretch: MarkStretch | undefined): RecordEvent {
  const mark = stretch?.kind === 'marked' ? stretch.mark : undefined;
  return { kind: 'record', record: recordOf(entry, mark), mark, isUncertain: stretch?.kind === 'unreadable' };
}

function recordOf(entry: JournalEntry, mark: EntryMark | undefined): QuarantinedRecord {
  const { payload } = entry;
  return {
    number: entry.number,
    tenant: entry.tenant,
    id: entry.id,
    reason: entry.reason,
    detail: entry.detail,
    source: entry.source,
    position: entry.sourcePosition,
    contentType: entry.contentType,
    timestampMs: entry.timestampMs,
    appendedAtMs: entry.appendedAtMs,
    attempts: entry.attemptCount + (mark?.state === 'failed' ? mark.count : 0),
    lastError: mark?.error ?? '',
    isReplayed: mark?.state === 'done',
    payload: Buffer.isBuffer(payload) ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.length),
  };
}
