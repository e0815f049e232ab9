import fc from 'fast-check';
import { KIND_DELETE, KIND_PUT } from '../../src/base/internal-key.js';
import type { VersionEntry } from '../support/array-iterator.js';
import { compareEntries } from '../support/array-iterator.js';

/** Short keys of few bytes: shared prefixes, keys that are prefixes of others, and both ends of the byte range. */
export const arbitraryKey: fc.Arbitrary<Uint8Array> = fc
  .oneof(
    { weight: 8, arbitrary: fc.array(fc.constantFrom(0x00, 0x61, 0xff), { minLength: 1, maxLength: 3 }) },
    // Longer than the prefix that a merge compares first, and alike in it.
    {
      weight: 2,
      arbitrary: fc
        .array(fc.constantFrom(0x00, 0xff), { minLength: 0, maxLength: 2 })
        .map((tail) => [0x61, 0x61, 0x61, 0x61, 0x61, 0x00, ...tail]),
    },
  )
  .map((bytes) => Uint8Array.from(bytes));

export interface SourcedVersion {
  /** Which of many sources holds it, as a number to be reduced by their count. */
  readonly source: number;
  readonly entry: VersionEntry;
}

/** Versions under distinct sequences 1, 2, 3, …; every value tells its version. */
export function arbitraryVersions(countMax: number): fc.Arbitrary<SourcedVersion[]> {
  const version = fc.record({ key: arbitraryKey, isDelete: fc.boolean(), source: fc.nat(15) });
  return fc
    .array(version, { maxLength: countMax, size: 'max' })
    .map((versions) =>
      versions.map(({ key, isDelete, source }, index) => ({ source, entry: makeEntry(key, index + 1, isDelete) })),
    );
}

export function makeEntry(key: Uint8Array, sequence: number, isDelete = false): VersionEntry {
  const value = isDelete ? new Uint8Array(0) : Uint8Array.of(sequence & 0xff, sequence >>> 8);
  return { key, sequence, kind: isDelete ? KIND_DELETE : KIND_PUT, value };
}

/** The versions of each source, sorted; `sourceCount` arrays. */
export function splitSources(versions: readonly SourcedVersion[], sourceCount: number): VersionEntry[][] {
  const sources: VersionEntry[][] = Array.from({ length: sourceCount }, () => []);
  for (const { source, entry } of versions) sources[source % sourceCount].push(entry);
  for (const entries of sources) entries.sort(compareEntries);
  return sources;
}

/** Adds an entry to a sorted array, as a memtable takes one in under its iterators. */
export function insertSorted(entries: VersionEntry[], entry: VersionEntry): void {
  entries.push(entry);
  entries.sort(compareEntries);
}
