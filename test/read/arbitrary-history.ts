import fc from 'fast-check';
import { compareBytes } from '../../src/base/bytes.js';
import { KIND_DELETE, KIND_PUT, KIND_PUT_EXPIRING } from '../../src/base/internal-key.js';
import type { RangeTombstone } from '../../src/base/range-tombstones.js';
import { RangeTombstoneSet } from '../../src/base/range-tombstones.js';
import { storedValue } from '../../src/base/stored-value.js';
import type { KeyRange } from '../../src/read/key-range.js';
import type { VersionEntry } from '../support/array-iterator.js';
import { compareEntries } from '../support/array-iterator.js';
import { arbitraryKey } from './arbitrary-versions.js';

/** One write; its place in the history, from 1, is its sequence. */
export type Write =
  | { readonly type: 'put'; readonly key: Uint8Array }
  | { readonly type: 'putExpiring'; readonly key: Uint8Array; readonly expiresAtMs: number }
  | { readonly type: 'delete'; readonly key: Uint8Array }
  | { readonly type: 'rangeDelete'; readonly start: Uint8Array; readonly end: Uint8Array };

export const EXPIRY_MS_MAX = 10;

const arbitraryRange = fc
  .tuple(arbitraryKey, arbitraryKey)
  .filter(([a, b]) => compareBytes(a, b) !== 0)
  .map(([a, b]) => (compareBytes(a, b) < 0 ? { start: a, end: b } : { start: b, end: a }));

const arbitraryWrite: fc.Arbitrary<Write> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('put' as const), key: arbitraryKey }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('putExpiring' as const),
      key: arbitraryKey,
      expiresAtMs: fc.integer({ min: 1, max: EXPIRY_MS_MAX }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), key: arbitraryKey }) },
  { weight: 2, arbitrary: arbitraryRange.map((range) => ({ type: 'rangeDelete' as const, ...range })) },
);

export function arbitraryHistory(countMax: number): fc.Arbitrary<Write[]> {
  return fc.array(arbitraryWrite, { maxLength: countMax, size: 'max' });
}

/** What a source holds. */
export interface Contents {
  readonly entries: readonly VersionEntry[];
  readonly tombstones: RangeTombstoneSet;
  readonly largestSequence: number;
}

/** The user's value of the write with this sequence. */
export function valueOfWrite(sequence: number): Uint8Array {
  return Uint8Array.of(sequence & 0xff, sequence >>> 8);
}

/** The writes `first` up to, not including, `end` of a history, as a source has them. */
export function contentsOf(history: readonly Write[], first: number, end: number): Contents {
  const entries: VersionEntry[] = [];
  const tombstones: RangeTombstone[] = [];
  for (let index = first; index < end; index++) {
    const write = history[index];
    if (write.type === 'rangeDelete') tombstones.push({ start: write.start, end: write.end, sequence: index + 1 });
    else entries.push(entryOf(write, index + 1));
  }
  entries.sort(compareEntries);
  return { entries, tombstones: RangeTombstoneSet.of(tombstones), largestSequence: end };
}

function entryOf(write: Exclude<Write, { type: 'rangeDelete' }>, sequence: number): VersionEntry {
  const { key } = write;
  if (write.type === 'delete') return { key, sequence, kind: KIND_DELETE, value: new Uint8Array(0) };
  if (write.type === 'put') return { key, sequence, kind: KIND_PUT, value: valueOfWrite(sequence) };
  return { key, sequence, kind: KIND_PUT_EXPIRING, value: storedValue(write.expiresAtMs, valueOfWrite(sequence)) };
}

/** The history in sources as the tree has them: all of one is newer than all of the next. `cuts` in any order. */
export function sourcesOf(history: readonly Write[], cuts: readonly number[]): Contents[] {
  const bounds = [0, ...cuts.map((cut) => cut % (history.length + 1)).sort((a, b) => a - b), history.length];
  return bounds
    .slice(1)
    .map((end, i) => contentsOf(history, bounds[i], end))
    .reverse();
}

export interface Table extends KeyRange, Contents {}

/** A source cut into disjoint tables at about every `entriesMax` of its keys, as a compaction does. */
export function tablesOf({ entries, tombstones, largestSequence }: Contents, entriesMax: number): Table[] {
  const keys = [...entries.map(({ key }) => key), ...tombstones.fragments.map(({ start }) => start)].sort(compareBytes);
  const cuts = keys.filter((key, i) => i % entriesMax === 0 && i > 0 && compareBytes(keys[i - 1], key) !== 0);
  const starts: (Uint8Array | undefined)[] = [undefined, ...cuts];
  return starts.flatMap((start, i) => {
    const end = i + 1 < starts.length ? starts[i + 1] : undefined;
    const isInside = ({ key }: VersionEntry): boolean =>
      (start === undefined || compareBytes(start, key) <= 0) && (end === undefined || compareBytes(key, end) < 0);
    return tableOf({ entries: entries.filter(isInside), tombstones: tombstones.clip(start, end), largestSequence });
  });
}

/** The source as one table, or none if it is empty. */
export function tableOf(contents: Contents): Table[] {
  const { entries, tombstones } = contents;
  const first = [...entries.slice(0, 1).map(({ key }) => key), ...tombstones.fragments.slice(0, 1).map((f) => f.start)];
  if (first.length === 0) return [];
  const lastKey = entries.at(-1)?.key ?? new Uint8Array(0);
  const lastEnd = tombstones.fragments.at(-1)?.end ?? new Uint8Array(0);
  const isLargestKeyExclusive = compareBytes(lastEnd, lastKey) > 0;
  return [
    {
      ...contents,
      smallestKey: first.sort(compareBytes)[0],
      largestKey: isLargestKeyExclusive ? lastEnd : lastKey,
      isLargestKeyExclusive,
    },
  ];
}

/** The newest write to `key` that a reader at `sequenceMax` sees, the plain way; its index, or -1. */
export function newestWrite(history: readonly Write[], key: Uint8Array, sequenceMax: number): number {
  return history.findLastIndex((write, index) => index < sequenceMax && isAbout(write, key));
}

function isAbout(write: Write, key: Uint8Array): boolean {
  if (write.type !== 'rangeDelete') return compareBytes(write.key, key) === 0;
  return compareBytes(write.start, key) <= 0 && compareBytes(key, write.end) < 0;
}

/** Whether a write, the newest of its key, leaves a value to see. */
export function leavesValue(write: Write, nowMs: number): boolean {
  return write.type === 'put' || (write.type === 'putExpiring' && nowMs < write.expiresAtMs);
}

/** All that a reader sees, ascending. */
export function visibleEntries(
  history: readonly Write[],
  sequenceMax: number,
  nowMs: number,
): { key: Uint8Array; value: Uint8Array }[] {
  return history
    .flatMap((write, index) => {
      if (write.type === 'rangeDelete' || newestWrite(history, write.key, sequenceMax) !== index) return [];
      return leavesValue(write, nowMs) ? [{ key: write.key, value: valueOfWrite(index + 1) }] : [];
    })
    .sort((a, b) => compareBytes(a.key, b.key));
}
