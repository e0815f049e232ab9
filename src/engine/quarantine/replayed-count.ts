import type { CorruptionError } from '../../base/errors.js';
import { ALL_ENTRIES } from '../../quarantine/entry-range.js';
import type { QuarantineJournal } from '../../quarantine/quarantine-journal.js';
import type { EntryMark } from './entry-marks.js';
import { readMarks } from './mark-cursor.js';
import type { SystemStore } from './system-store.js';

export interface ReplayedCount {
  readonly count: number;
  /** Marks that could not be read, and are not counted. */
  readonly damages: readonly CorruptionError[];
}

/** Of the entries that a tenant has, from `firstEntry` on, how many a replay has brought in. Errors: STEME_IO, STEME_UNSUPPORTED. */
export async function countReplayed(
  journal: QuarantineJournal,
  store: SystemStore,
  tenant: string,
  firstEntry: number,
): Promise<ReplayedCount> {
  let count = 0;
  const damages: CorruptionError[] = [];
  for await (const stretch of readMarks(store, tenant, firstEntry)) {
    if (stretch.kind === 'unreadable') damages.push(stretch.error);
    else if (stretch.mark.state === 'done') count += await countOf(journal, tenant, stretch.mark, firstEntry);
  }
  return { count, damages };
}

/** A mark may cover entries that are gone as well; there is one such at most. */
async function countOf(
  journal: QuarantineJournal,
  tenant: string,
  mark: EntryMark,
  firstEntry: number,
): Promise<number> {
  if (mark.firstEntry >= firstEntry) return mark.count;
  let count = 0;
  for await (const event of journal.read(tenant, ALL_ENTRIES)) {
    if (event.kind === 'damage') continue;
    if (event.entry.number > mark.lastEntry) break;
    count++;
  }
  return count;
}
