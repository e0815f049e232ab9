import { assert } from '../base/errors.js';
import { VARINT_BYTES_MAX, writeVarint } from '../base/varint.js';
import type { TableMetadata } from '../table/table-metadata.js';
import type { AddedTable, VersionEdit } from './version-edit.js';
import {
  COMPARATOR_NAME_BYTES_MAX,
  TABLE_TAG_BLOB_USES,
  TABLE_TAG_DATABASE_ID,
  TABLE_TAG_EXCLUSIVE_LARGEST_KEY,
  TABLE_TAG_EXPIRY,
  TABLE_TAG_GLOBAL_SEQUENCE,
  TABLE_TAG_KEY_COUNT,
  TABLE_TAG_OLDEST_AT_MS,
  TABLE_TAG_RANGE_DELETE_COUNT,
  TAG_ADDED_BLOB,
  TAG_ADDED_TABLE,
  TAG_BLOB_DATABASE_ID,
  TAG_COMPARATOR_NAME,
  TAG_DATABASE_ID,
  TAG_DELETED_TABLE,
  TAG_LAST_SEQUENCE,
  TAG_LOG_NUMBER,
  TAG_NEXT_FILE_NUMBER,
  TAG_SNAPSHOT,
} from './version-edit-format.js';

/** The bytes of an edit, laid out as version-edit-format.ts has it. */
export function encodeVersionEdit(edit: VersionEdit): Uint8Array {
  const parts: Uint8Array[] = [];
  if (edit.isSnapshot === true) pushField(parts, TAG_SNAPSHOT, []);
  pushNumber(parts, TAG_DATABASE_ID, edit.databaseId);
  if (edit.comparatorName !== undefined) pushField(parts, TAG_COMPARATOR_NAME, [encodeName(edit.comparatorName)]);
  pushNumber(parts, TAG_LOG_NUMBER, edit.logNumber);
  pushNumber(parts, TAG_NEXT_FILE_NUMBER, edit.nextFileNumber);
  pushNumber(parts, TAG_LAST_SEQUENCE, edit.lastSequence);
  for (const { level, number } of edit.deletedTables) pushField(parts, TAG_DELETED_TABLE, [varints(level, number)]);
  for (const added of edit.addedTables) pushField(parts, TAG_ADDED_TABLE, encodeAddedTable(added));
  for (const { number, fileBytes, valueCount, valueBytes, databaseId } of edit.addedBlobs ?? []) {
    pushField(parts, TAG_ADDED_BLOB, [varints(number, fileBytes, valueCount, valueBytes)]);
    if (databaseId !== undefined) pushField(parts, TAG_BLOB_DATABASE_ID, [varints(number, databaseId)]);
  }
  return Buffer.concat(parts);
}

function encodeAddedTable({ level, table }: AddedTable): Uint8Array[] {
  const numbers = varints(
    level,
    table.number,
    table.fileBytes,
    table.entryCount,
    table.tombstoneCount,
    table.rawBytes,
    table.smallestSequence,
    table.largestSequence,
    table.createdAtMs,
  );
  const { smallestKey, largestKey } = table;
  const parts = [numbers, varints(smallestKey.length), smallestKey, varints(largestKey.length), largestKey];
  pushTableFields(parts, table);
  return parts;
}

/** What a table may have beside its numbers and bounds. */
function pushTableFields(parts: Uint8Array[], table: TableMetadata): void {
  const { keyCount, oldestAtMs, createdAtMs, rangeDeleteCount, expiringCount, largestExpiryMs, blobUses } = table;
  if (keyCount > 0) pushNumber(parts, TABLE_TAG_KEY_COUNT, keyCount);
  if (table.isLargestKeyExclusive) pushField(parts, TABLE_TAG_EXCLUSIVE_LARGEST_KEY, []);
  if (oldestAtMs !== createdAtMs) pushNumber(parts, TABLE_TAG_OLDEST_AT_MS, oldestAtMs);
  if (rangeDeleteCount > 0) pushNumber(parts, TABLE_TAG_RANGE_DELETE_COUNT, rangeDeleteCount);
  if (expiringCount > 0) pushField(parts, TABLE_TAG_EXPIRY, [varints(expiringCount, largestExpiryMs)]);
  if (table.globalSequence > 0) pushNumber(parts, TABLE_TAG_GLOBAL_SEQUENCE, table.globalSequence);
  pushNumber(parts, TABLE_TAG_DATABASE_ID, table.databaseId);
  if (blobUses.length === 0) return;
  const uses = blobUses.map(({ number, valueCount, valueBytes }) => varints(number, valueCount, valueBytes));
  pushField(parts, TABLE_TAG_BLOB_USES, uses);
}

function encodeName(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  assert(bytes.length <= COMPARATOR_NAME_BYTES_MAX, 'a comparator name fits its limit');
  return bytes;
}

function pushNumber(parts: Uint8Array[], tag: number, value: number | undefined): void {
  if (value !== undefined) pushField(parts, tag, [varints(value)]);
}

function pushField(parts: Uint8Array[], tag: number, body: readonly Uint8Array[]): void {
  let bodyBytes = 0;
  for (const part of body) bodyBytes += part.length;
  parts.push(varints(tag, bodyBytes), ...body);
}

function varints(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * VARINT_BYTES_MAX);
  let end = 0;
  for (const value of values) {
    assert(Number.isSafeInteger(value) && value >= 0, `${value} in a version edit is a whole number below 2^53`);
    end = writeVarint(bytes, end, value);
  }
  return bytes.subarray(0, end);
}
