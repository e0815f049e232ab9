import { KEY_BYTES_MAX, SEQUENCE_MAX } from '../base/limits.js';
import type { BlobUse, TableMetadata } from '../table/table-metadata.js';
import type { FieldReader } from './field-reader.js';
import {
  DATABASE_ID_MAX,
  TABLE_TAG_BLOB_USES,
  TABLE_TAG_DATABASE_ID,
  TABLE_TAG_EXCLUSIVE_LARGEST_KEY,
  TABLE_TAG_EXPIRY,
  TABLE_TAG_GLOBAL_SEQUENCE,
  TABLE_TAG_KEY_COUNT,
  TABLE_TAG_OLDEST_AT_MS,
  TABLE_TAG_RANGE_DELETE_COUNT,
} from './version-edit-format.js';

const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

type OptionalName =
  | 'rangeDeleteCount'
  | 'keyCount'
  | 'isLargestKeyExclusive'
  | 'oldestAtMs'
  | 'expiringCount'
  | 'largestExpiryMs'
  | 'globalSequence'
  | 'blobUses'
  | 'databaseId';

/** What an added table says only if there is something to say. */
export type OptionalTableFields = { -readonly [K in keyof Pick<TableMetadata, OptionalName>]: TableMetadata[K] };

export const NO_OPTIONAL_FIELDS: Omit<OptionalTableFields, 'oldestAtMs'> = {
  rangeDeleteCount: 0,
  keyCount: 0,
  isLargestKeyExclusive: false,
  expiringCount: 0,
  largestExpiryMs: 0,
  globalSequence: 0,
  blobUses: [],
};

/** What every added table has, behind its level. */
export function decodeFixedFields(body: FieldReader): Omit<TableMetadata, OptionalName> {
  return {
    number: body.varint('a table number', 0, NUMBER_MAX),
    fileBytes: body.varint('the size of a table', 0, NUMBER_MAX),
    entryCount: body.varint('an entry count', 0, NUMBER_MAX),
    tombstoneCount: body.varint('a tombstone count', 0, NUMBER_MAX),
    rawBytes: body.varint('the raw size of a table', 0, NUMBER_MAX),
    smallestSequence: body.varint('the smallest sequence', 0, SEQUENCE_MAX),
    largestSequence: body.varint('the largest sequence', 0, SEQUENCE_MAX),
    createdAtMs: body.varint('a time of creation', 0, NUMBER_MAX),
    smallestKey: body.bytes('the smallest key', 1, KEY_BYTES_MAX),
    largestKey: body.bytes('the largest key', 1, KEY_BYTES_MAX),
  };
}

/** Reads the field into `fields`; false if its tag is not known. */
export function decodeTableField(tag: number, body: FieldReader, fields: OptionalTableFields): boolean {
  switch (tag) {
    case TABLE_TAG_KEY_COUNT:
      fields.keyCount = body.varint('a key count', 0, NUMBER_MAX);
      return true;
    case TABLE_TAG_EXCLUSIVE_LARGEST_KEY:
      fields.isLargestKeyExclusive = true;
      return true;
    case TABLE_TAG_OLDEST_AT_MS:
      fields.oldestAtMs = body.varint('a time of the oldest data', 0, NUMBER_MAX);
      return true;
    case TABLE_TAG_RANGE_DELETE_COUNT:
      fields.rangeDeleteCount = body.varint('a count of range deletes', 0, NUMBER_MAX);
      return true;
    case TABLE_TAG_EXPIRY:
      fields.expiringCount = body.varint('a count of entries that expire', 1, NUMBER_MAX);
      fields.largestExpiryMs = body.varint('a time of expiry', 0, NUMBER_MAX);
      return true;
    case TABLE_TAG_GLOBAL_SEQUENCE:
      fields.globalSequence = body.varint('a global sequence', 0, SEQUENCE_MAX);
      return true;
    case TABLE_TAG_DATABASE_ID:
      fields.databaseId = body.varint('the id of a database', 0, DATABASE_ID_MAX);
      return true;
    case TABLE_TAG_BLOB_USES:
      fields.blobUses = decodeBlobUses(body);
      return true;
    default:
      return false;
  }
}

function decodeBlobUses(body: FieldReader): BlobUse[] {
  const uses: BlobUse[] = [];
  while (!body.isAtEnd) {
    uses.push({
      number: body.varint('a blob number', 0, NUMBER_MAX),
      valueCount: body.varint('a count of values', 0, NUMBER_MAX),
      valueBytes: body.varint('the bytes of values', 0, NUMBER_MAX),
    });
  }
  return uses;
}
