import { formatCount, formatTable } from '../support/text-table.js';
import { closedFormSpace, closedFormWrites } from './closed-form.js';
import type { SimulatedStore, StoreOptions } from './simulated-store.js';

/** With filters of 10 bits a key. */
const FALSE_POSITIVE_SHARE = 0.01;

/** What happened at each level while the store was filled. */
export function formatLevels(store: SimulatedStore, options: StoreOptions): string {
  const userBytes = store.writeCount * options.entryBytes;
  const closedForm = closedFormWrites(store, options);
  const header = ['level', 'tables', 'GB', 'written', 'closed form', 'read', 'merges', 'moved tables', 'runs'];
  const rows = store.counters.map((counters, level) => [
    `L${level}`,
    formatCount(store.levels[level].length),
    (store.bytesOf(level) / 1e9).toFixed(1),
    ratio(counters.writtenBytes / userBytes),
    ratio(closedForm[level]),
    ratio(counters.readBytes / userBytes),
    formatCount(counters.mergeCount),
    formatCount(counters.moveCount),
    ratio(counters.runSum / store.flushCount),
  ]);
  const used = rows.filter((_, level) => store.counters[level].writtenBytes + store.counters[level].moveCount > 0);
  return formatTable([header, ['log', '', '', ratio(1), ratio(1)], ...used, totals(store, options, closedForm)]);
}

function totals(store: SimulatedStore, options: StoreOptions, closedForm: readonly number[]): string[] {
  const userBytes = store.writeCount * options.entryBytes;
  const sum = (of: (level: number) => number): number =>
    store.counters.reduce((total, _, level) => total + of(level), 0);
  return [
    'total',
    formatCount(sum((level) => store.levels[level].length)),
    (sum((level) => store.bytesOf(level)) / 1e9).toFixed(1),
    ratio(1 + sum((level) => store.counters[level].writtenBytes) / userBytes),
    ratio(1 + sum((level) => closedForm[level])),
    ratio(sum((level) => store.counters[level].readBytes) / userBytes),
    formatCount(sum((level) => store.counters[level].mergeCount)),
    formatCount(sum((level) => store.counters[level].moveCount)),
    ratio(sum((level) => store.counters[level].runSum) / store.flushCount),
  ];
}

export function formatSpace(store: SimulatedStore, options: StoreOptions): string {
  const liveBytes = options.workload.distinctKeys(store.writeCount) * options.entryBytes;
  const bytes = store.levels.reduce((sum, _, level) => sum + store.bytesOf(level), 0);
  return `${ratio(bytes / liveBytes)} (closed form, if all above the last level hides something: ${ratio(closedFormSpace(store, options))})`;
}

/** Point reads look at one table of each run, and read a block where its filter says yes. */
export function formatReads(store: SimulatedStore): string {
  const runs = store.counters.reduce((sum, { runSum }) => sum + runSum, 0) / store.flushCount;
  const present = 1 + Math.max(0, runs - 1) * FALSE_POSITIVE_SHARE;
  return `${present.toFixed(3)} of a key that is there, ${(runs * FALSE_POSITIVE_SHARE).toFixed(3)} of one that is not`;
}

function ratio(value: number): string {
  return value.toFixed(2);
}
