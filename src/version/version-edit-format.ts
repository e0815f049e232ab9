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
 *          fields of its own (tag, length, body; none is known yet)
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

export const COMPARATOR_NAME_BYTES_MAX = 255;
export const DATABASE_ID_MAX = 2 ** 32 - 1;

/** Whether a reader that does not know the tag may pass over its field. */
export function isOptionalTag(tag: number): boolean {
  return tag % 2 === 1;
}
