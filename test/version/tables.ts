import type { TableMetadata } from '../../src/table/table-metadata.js';
import type { Version } from '../../src/version/version.js';
import type { VersionEdit } from '../../src/version/version-edit.js';

export function bytes(text: string): Uint8Array {
  return new Uint8Array(new TextEncoder().encode(text));
}

/** A table of keys `smallest` to `largest`; other fields follow from its number unless `fields` gives them. */
export function table(
  number: number,
  smallest: string,
  largest: string,
  fields: Partial<TableMetadata> = {},
): TableMetadata {
  return {
    number,
    fileBytes: 1000 + number,
    entryCount: 10,
    tombstoneCount: 1,
    rawBytes: 2000 + number,
    smallestKey: bytes(smallest),
    largestKey: bytes(largest),
    smallestSequence: number * 10,
    largestSequence: number * 10 + 9,
    createdAtMs: 1_700_000_000_000,
    rangeDeleteCount: 0,
    keyCount: 0,
    isLargestKeyExclusive: false,
    oldestAtMs: 1_700_000_000_000,
    expiringCount: 0,
    largestExpiryMs: 0,
    globalSequence: 0,
    blobUses: [],
    ...fields,
  };
}

export function edit(fields: Partial<VersionEdit>): VersionEdit {
  return { addedTables: [], deletedTables: [], ...fields };
}

export function added(level: number, ...tables: TableMetadata[]): VersionEdit {
  return edit({ addedTables: tables.map((each) => ({ level, table: each })) });
}

/** The numbers of each level, in its order. */
export function numbersOf(version: Version): number[][] {
  return version.levels.map((tables) => tables.map(({ number }) => number));
}
