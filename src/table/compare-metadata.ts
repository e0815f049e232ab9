import { compareBytes } from '../base/bytes.js';
import type { BlobUse, TableMetadata } from './table-metadata.js';
import type { TableProperties } from './table-properties.js';

/** What the manifest says of a table and the table does not say of itself; `expected` is the manifest's. */
export interface MetadataMisfit {
  readonly expected: string;
  readonly found: string;
}

type SharedNumber =
  | 'entryCount'
  | 'tombstoneCount'
  | 'rangeDeleteCount'
  | 'rawBytes'
  | 'createdAtMs'
  | 'expiringCount'
  | 'largestExpiryMs'
  | 'smallestSequence'
  | 'largestSequence';

const NAMES: Readonly<Record<SharedNumber, string>> = {
  entryCount: 'entries',
  tombstoneCount: 'tombstones',
  rangeDeleteCount: 'range deletes',
  rawBytes: 'raw bytes',
  createdAtMs: 'as time of creation',
  expiringCount: 'entries that expire',
  largestExpiryMs: 'as last expiry',
  smallestSequence: 'as smallest sequence',
  largestSequence: 'as largest sequence',
};

/** Levels are ordered, and tables skipped, by what the manifest says: it must be what the table says. `keyCount` was counted. */
export function compareMetadata(
  metadata: TableMetadata,
  properties: TableProperties,
  keyCount: number | undefined,
): MetadataMisfit[] {
  const misfits: MetadataMisfit[] = [];
  const compare = (what: string, expected: number, found: number): void => {
    if (expected !== found) misfits.push({ expected: `${expected} ${what}, says the manifest`, found: String(found) });
  };
  const compareKeys = (what: string, expected: Uint8Array, found: Uint8Array): void => {
    if (compareBytes(expected, found) === 0) return;
    misfits.push({ expected: `${hex(expected)} as ${what} key, says the manifest`, found: hex(found) });
  };
  for (const name of Object.keys(NAMES) as SharedNumber[]) {
    // A table that was loaded as a whole does not know its sequence.
    const isOnlyInManifest = metadata.globalSequence !== 0 && name.endsWith('Sequence');
    if (!isOnlyInManifest) compare(NAMES[name], metadata[name], properties[name]);
  }
  if (metadata.databaseId !== undefined) compare('as database', metadata.databaseId, properties.databaseId ?? 0);
  if (metadata.keyCount !== 0 && keyCount !== undefined) compare('keys', metadata.keyCount, keyCount);
  compareKeys('smallest', metadata.smallestKey, properties.smallestKey);
  compareKeys('largest', metadata.largestKey, properties.largestKey);
  compare('as exclusive end', Number(metadata.isLargestKeyExclusive), Number(properties.isLargestKeyExclusive));
  const [expected, found] = [describeUses(metadata.blobUses), describeUses(properties.blobUses)];
  if (expected !== found) misfits.push({ expected: `${expected}, says the manifest`, found });
  return misfits;
}

/** One line for all values in blob files that a table refers to. */
export function describeUses(uses: readonly BlobUse[]): string {
  if (uses.length === 0) return 'no values in blob files';
  return uses
    .map(({ number, valueCount, valueBytes }) => `${valueCount} values of ${valueBytes} bytes in blob file ${number}`)
    .join(', ');
}

const KEY_BYTES_SHOWN = 32;

function hex(key: Uint8Array): string {
  const shown = Buffer.from(key.subarray(0, KEY_BYTES_SHOWN)).toString('hex');
  return key.length > KEY_BYTES_SHOWN ? `0x${shown}… (${key.length} bytes)` : `0x${shown}`;
}
