/**
 * The first four bytes of `source[start, end)` as a big-endian integer, zeros behind a shorter range. Heads order as
 * their keys do, except that equal heads say nothing; comparing integers first leaves few keys to compare byte by
 * byte.
 */
export const HEAD_BYTES = 4;

export function headOf(source: Uint8Array, start: number, end: number): number {
  if (end - start >= HEAD_BYTES) {
    return ((source[start] << 24) | (source[start + 1] << 16) | (source[start + 2] << 8) | source[start + 3]) >>> 0;
  }
  let head = 0;
  for (let i = 0; i < HEAD_BYTES; i++) head = head * 256 + (start + i < end ? source[start + i] : 0);
  return head;
}
