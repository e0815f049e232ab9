/** A brute-force model of what compactions may and may not do: versions and range deletes as plain lists. */
import fc from 'fast-check';
import { compareBytes } from '../../src/base/bytes.js';
import { KIND_DELETE, KIND_PUT, KIND_PUT_EXPIRING } from '../../src/base/internal-key.js';
import { SEQUENCE_MAX } from '../../src/base/limits.js';
import type { RangeTombstone } from '../../src/base/range-tombstones.js';
import { isExpiringKind, readExpiryMs, storedValue } from '../../src/base/stored-value.js';
import type { KeyRange } from '../../src/read/key-range.js';
import { compareEntries, type VersionEntry } from '../support/array-iterator.js';

/** What a table, or a whole tree, holds. */
export interface Contents {
  readonly entries: readonly VersionEntry[];
  readonly tombstones: readonly RangeTombstone[];
}

/** Every key that the model knows: short ones, so that they meet, in order. */
export const KEYS: readonly Uint8Array[] = ['a', 'b', 'bb', 'c', 'd', 'e', 'ee', 'f', 'g', 'h'].map((text) =>
  Uint8Array.from(Buffer.from(text)),
);

export const CUTOFF_MS = 1000;

/** What a reader at `sequence`, who came at or after CUTOFF_MS, sees of a key; undefined if nothing. */
export function seenBy({ entries, tombstones }: Contents, key: Uint8Array, sequence: number): string | undefined {
  const newest = entries
    .filter((entry) => entry.sequence <= sequence && compareBytes(entry.key, key) === 0)
    .toSorted(compareEntries)
    .at(0);
  if (newest === undefined || newest.kind === KIND_DELETE) return undefined;
  if (isExpiringKind(newest.kind) && readExpiryMs(newest.value, 0) <= CUTOFF_MS) return undefined;
  const isHidden = tombstones.some(
    (tombstone) => tombstone.sequence > newest.sequence && tombstone.sequence <= sequence && covers(tombstone, key),
  );
  return isHidden ? undefined : `${newest.sequence} ${Buffer.from(newest.value).toString('hex')}`;
}

/** What all readers see of all keys. */
export function viewsOf(contents: Contents, sequences: readonly number[]): (string | undefined)[][] {
  return [...sequences, SEQUENCE_MAX].map((sequence) => KEYS.map((key) => seenBy(contents, key, sequence)));
}

export function covers({ start, end }: RangeTombstone, key: Uint8Array): boolean {
  return compareBytes(start, key) <= 0 && compareBytes(key, end) < 0;
}

export function joined(parts: readonly Contents[]): Contents {
  return {
    entries: parts.flatMap(({ entries }) => entries).toSorted(compareEntries),
    tombstones: parts.flatMap(({ tombstones }) => tombstones),
  };
}

/** The part of it with keys in `[start, end)`. */
export function within({ entries, tombstones }: Contents, start?: Uint8Array, end?: Uint8Array): Contents {
  const isInside = ({ key }: VersionEntry) =>
    (start === undefined || compareBytes(key, start) >= 0) && (end === undefined || compareBytes(key, end) < 0);
  const cut = tombstones.map((tombstone) => ({
    ...tombstone,
    start: start !== undefined && compareBytes(tombstone.start, start) < 0 ? start : tombstone.start,
    end: end !== undefined && compareBytes(tombstone.end, end) > 0 ? end : tombstone.end,
  }));
  return {
    entries: entries.filter(isInside),
    tombstones: cut.filter(({ start: from, end: to }) => compareBytes(from, to) < 0),
  };
}

interface Operation {
  /** Which table it is in, of `tableCount`; the higher the sequence, the newer the table. */
  readonly what: 'put' | 'delete' | 'expiring' | 'range';
  readonly key: number;
  readonly otherKey: number;
  readonly isExpired: boolean;
}

const operation: fc.Arbitrary<Operation> = fc.record({
  what: fc.constantFrom('put', 'put', 'put', 'delete', 'expiring', 'range'),
  key: fc.nat(KEYS.length - 1),
  otherKey: fc.nat(KEYS.length - 1),
  isExpired: fc.boolean(),
});

/** Operations under sequences 1, 2, 3, …, shared out to tables as a tree would: the older table holds the older ones. */
export function arbitraryTables(tableCount: number, operationCountMax: number): fc.Arbitrary<Contents[]> {
  return fc
    .array(fc.array(operation, { maxLength: Math.ceil(operationCountMax / tableCount) }), {
      minLength: tableCount,
      maxLength: tableCount,
    })
    .map((tables) => {
      let sequence = 0;
      return tables.map((operations) => contentsOf(operations.map((each) => ({ ...each, sequence: ++sequence }))));
    });
}

function contentsOf(operations: readonly (Operation & { readonly sequence: number })[]): Contents {
  const entries = operations.flatMap((each) => (each.what === 'range' ? [] : [entryOf(each, each.sequence)]));
  const tombstones = operations.flatMap(({ what, key, otherKey, sequence }) => {
    if (what !== 'range' || key === otherKey) return [];
    return [{ start: KEYS[Math.min(key, otherKey)], end: KEYS[Math.max(key, otherKey)], sequence }];
  });
  return { entries: entries.toSorted(compareEntries), tombstones };
}

function entryOf({ what, key, isExpired }: Operation, sequence: number): VersionEntry {
  const value = Uint8Array.of(sequence);
  if (what === 'delete') return { key: KEYS[key], sequence, kind: KIND_DELETE, value: new Uint8Array(0) };
  if (what === 'put') return { key: KEYS[key], sequence, kind: KIND_PUT, value };
  const expiresAtMs = isExpired ? CUTOFF_MS : CUTOFF_MS + 1;
  return { key: KEYS[key], sequence, kind: KIND_PUT_EXPIRING, value: storedValue(expiresAtMs, value) };
}

/** The range of all that is in it; undefined if that is nothing. */
export function rangeOf({ entries, tombstones }: Contents): KeyRange | undefined {
  const starts = [...entries.map(({ key }) => key), ...tombstones.map(({ start }) => start)].toSorted(compareBytes);
  const largestPoint = entries.at(-1)?.key;
  const largestEnd = tombstones
    .map(({ end }) => end)
    .toSorted(compareBytes)
    .at(-1);
  const smallestKey = starts.at(0);
  if (smallestKey === undefined) return undefined;
  const isExclusive =
    largestEnd !== undefined && (largestPoint === undefined || compareBytes(largestEnd, largestPoint) > 0);
  const largestKey = isExclusive ? largestEnd : largestPoint;
  return largestKey === undefined ? undefined : { smallestKey, largestKey, isLargestKeyExclusive: isExclusive };
}
