import type { QuarantineJournal } from '../../quarantine/quarantine-journal.js';
import { decodeMark, type EntryMark, markKey } from './entry-marks.js';
import type { SystemStore } from './system-store.js';

/** Of the entries that a tenant has, from `firstEntry` on, how many a replay has brought in. Errors: STEME_IO, STEME_UNSUPPORTED, STEME_CORRUPTION. */
export async function countReplayed(
  journal: QuarantineJournal,
  store: SystemStore,
  tenant: string,
  firstEntry: number,
): Promise<number> {
  let count = 0;
  const marks = store.scan(markKey(tenant, firstEntry), markKey(tenant, Number.MAX_SAFE_INTEGER));
  for await (const [key, value] of marks) {
    const mark = decodeMark(key, value);
    if (mark.state !== 'done') continue;
    count += mark.firstEntry < firstEntry ? await countCovered(journal, tenant, mark) : mark.count;
  }
  return count;
}

/** Of a mark that covers entries which are gone as well; there is one at most. */
async function countCovered(journal: QuarantineJournal, tenant: string, { lastEntry }: EntryMark): Promise<number> {
  let count = 0;
  const all = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, id: undefined, afterEntry: 0 };
  for await (const event of journal.read(tenant, all)) {
    if (event.kind === 'damage') continue;
    if (event.entry.number > lastEntry) break;
    count++;
  }
  return count;
}
