/**
 * A version edit on disk is a run of fields, each a tag (varint), the length of its body (varint), and the body:
 *
 *     tag  body
 *       2  (empty) the edit is a snapshot
 *       4  database id
 *       6  comparator name, UTF-8
 *       8  log number
 *      10  next file number
 *      12  last sequence
 *      14  deleted table: level, number
 *      16  added table: level, number, file bytes, entry count, tombstone count, raw bytes, smallest sequence, largest
 *          sequence, created at (ms), length and bytes of the smallest key, length and bytes of the largest key, then
 *          fields of its own: tag, length, body
 *            1  distinct user keys
 *            2  (empty) the largest key is exclusive
 *            3  when the oldest data was first put into a table (ms), if that is not created at
 *            4  range deletes
 *            5  entries that expire, and when the last of them does (ms)
 *            6  global sequence
 *            7  id of the database that wrote the table
 *            8  for each blob file that entries refer to, ascending: number, values, bytes of values
 *          a field with nothing to say is left out
 *      18  added blob file: number, file bytes, values, bytes of values. A blob file leaves a version with the last table
 *          that refers to it, without a field of its own
 *      19  number of a blob file that was added before, id of the database that wrote it
 *
 * All numbers are varints below 2^53. Tags are never renumbered or used again. Whoever writes a tag that an older
 * reader does not know says by its lowest bit what that reader shall do: odd, skip it; even, refuse the file with
 * STEME_UNSUPPORTED. Tags 2–12 stand at most once in an edit.
 */
export const TAG_SNAPSHOT = 2;
export const TAG_DATABASE_ID = 4;
export const TAG_COMPARATOR_NAME = 6;
export const TAG_LOG_NUMBER = 8;
export const TAG_NEXT_FILE_NUMBER = 10;
export const TAG_LAST_SEQUENCE = 12;
export const TAG_DELETED_TABLE = 14;
export const TAG_ADDED_TABLE = 16;
export const TAG_ADDED_BLOB = 18;
export const TAG_BLOB_DATABASE_ID = 19;

/** Fields of an added table. */
export const TABLE_TAG_KEY_COUNT = 1;
export const TABLE_TAG_EXCLUSIVE_LARGEST_KEY = 2;
export const TABLE_TAG_OLDEST_AT_MS = 3;
export const TABLE_TAG_RANGE_DELETE_COUNT = 4;
export const TABLE_TAG_EXPIRY = 5;
export const TABLE_TAG_GLOBAL_SEQUENCE = 6;
export const TABLE_TAG_DATABASE_ID = 7;
export const TABLE_TAG_BLOB_USES = 8;

export const COMPARATOR_NAME_BYTES_MAX = 255;
export const DATABASE_ID_MAX = 2 ** 32 - 1;

/** Whether a reader that does not know the tag may pass over its field. */
export function isOptionalTag(tag: number): boolean {
  return tag % 2 === 1;
}
