import type { Database, Entry, Snapshot } from '../../src/engine/api.js';
import { QUARANTINE_KEYS_START } from './quarantine-step.js';
import { ALL_KEYS, keyAt, type StepRange } from './step.js';
import { Violation } from './violation.js';

/** More than there are keys, so that an invented one shows. */
const SCAN_COUNT = ALL_KEYS.length + 2;

/** All that single gets find at one moment. */
export function contentsOf(db: Database, snapshot?: Snapshot): Map<string, string> {
  const found = new Map<string, string>();
  for (const key of ALL_KEYS) {
    const value = db.getSync(key, snapshot === undefined ? {} : { snapshot });
    if (value !== undefined) found.set(key, value.toString());
  }
  return found;
}

/** The entries of `contents` in the range, as a scan is to hand them out. */
export function entriesWithin(contents: ReadonlyMap<string, string>, range: StepRange | undefined): [string, string][] {
  const entries = [...contents].sort(([a], [b]) => (a < b ? -1 : 1));
  if (range === undefined) return entries;
  const [gte, lt] = [keyAt(range.key), keyAt(range.endKey)];
  const within = entries.filter(([key]) => key >= gte && key < lt);
  return range.isReverse ? within.reverse() : within;
}

export function boundsOf({ key, endKey, isReverse }: StepRange): { gte: string; lt: string; reverse: boolean } {
  return { gte: keyAt(key), lt: keyAt(endKey), reverse: isReverse };
}

/** Scans both ways must find what the gets found, in order: nothing else, nothing twice, nothing invented. */
export function checkScans(db: Database, contents: ReadonlyMap<string, string>): void {
  const ascending = entriesWithin(contents, undefined);
  expectEntries('a scan', scan(db, { lt: QUARANTINE_KEYS_START, reverse: false }), ascending);
  expectEntries('a reverse scan', scan(db, { lt: QUARANTINE_KEYS_START, reverse: true }), ascending.reverse());
}

export function checkRange(db: Database, range: StepRange, contents: ReadonlyMap<string, string>): void {
  expectEntries('a scan of a range', scan(db, boundsOf(range)), entriesWithin(contents, range));
}

export function expectEntries(what: string, entries: readonly Entry[], expected: readonly [string, string][]): void {
  const found = entries.map(([key, value]) => [key.toString(), value.toString()]);
  const at = Array.from({ length: Math.max(found.length, expected.length) }, (_, i) => i).find(
    (i) => found[i]?.[0] !== expected[i]?.[0] || found[i]?.[1] !== expected[i]?.[1],
  );
  if (at === undefined) return;
  const found1 = describe(found[at]);
  throw new Violation(`${what} disagrees with the gets: entry ${at} is ${found1}, not ${describe(expected[at])}`);
}

function scan(db: Database, bounds: { gte?: string; lt?: string; reverse: boolean }): Entry[] {
  const iterator = db.iterator(bounds);
  const entries = iterator.nextvSync(SCAN_COUNT);
  void iterator.close();
  return entries;
}

function describe(entry: readonly string[] | undefined): string {
  return entry === undefined ? 'none' : `${entry[0]} = ${entry[1].slice(0, 20)}`;
}

/** For a message. */
export function describeContents(contents: ReadonlyMap<string, string>): string {
  const entries = entriesWithin(contents, undefined).map(([key, value]) => `${key.slice(-3)}=${value.slice(0, 8)}`);
  return entries.length === 0 ? 'nothing' : entries.join(' ');
}
