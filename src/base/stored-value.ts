/**
 * What stands where a value does, by the kind of its version (base/internal-key.ts): a version that expires has the time
 * before everything else.
 *
 *     put, expiring          expires at, ms since 1970 (u64) | the user's value
 *     put, blob, expiring    expires at, ms since 1970 (u64) | reference to a value in a blob file
 */
import { readUint64, writeUint64 } from './bytes.js';
import { CorruptionError } from './errors.js';
import { KIND_PUT_BLOB, KIND_PUT_BLOB_EXPIRING, KIND_PUT_EXPIRING } from './internal-key.js';

export const EXPIRY_BYTES = 8;

export function isExpiringKind(kind: number): boolean {
  return kind === KIND_PUT_EXPIRING || kind === KIND_PUT_BLOB_EXPIRING;
}

/** Whether the stored value holds a reference in place of the user's value. */
export function isBlobKind(kind: number): boolean {
  return kind === KIND_PUT_BLOB || kind === KIND_PUT_BLOB_EXPIRING;
}

/** Expired means `nowMs >= ` this. `source` holds the stored value of an expiring kind from `at`; its length has been checked. */
export function readExpiryMs(source: Uint8Array, at: number): number {
  return readUint64(source, at);
}

/** The same of a stored value that nobody has checked. Its block has passed its checksum: whoever wrote the file wrote this. */
export function checkedExpiryMs(stored: Uint8Array, start: number, end: number): number {
  if (end - start >= EXPIRY_BYTES) return readExpiryMs(stored, start);
  const expected = `the time when it expires, in ${EXPIRY_BYTES} bytes`;
  throw new CorruptionError({ file: 'a stored value', offsetBytes: 0, expected, found: `${end - start} bytes` });
}

export function writeExpiryMs(target: Uint8Array, at: number, expiresAtMs: number): void {
  writeUint64(target, at, expiresAtMs);
}

/** The stored value of a put that expires. */
export function storedValue(expiresAtMs: number, value: Uint8Array): Uint8Array {
  const stored = new Uint8Array(EXPIRY_BYTES + value.length);
  writeExpiryMs(stored, 0, expiresAtMs);
  stored.set(value, EXPIRY_BYTES);
  return stored;
}
