import { assert } from '../base/errors.js';
import { VARINT_BYTES_MAX, writeVarint } from '../base/varint.js';
import type { AddedTable, VersionEdit } from './version-edit.js';
import {
  COMPARATOR_NAME_BYTES_MAX,
  TAG_ADDED_TABLE,
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
  return [numbers, varints(smallestKey.length), smallestKey, varints(largestKey.length), largestKey];
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
