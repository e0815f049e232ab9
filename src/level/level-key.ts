/**
 * Level has an empty key, the engine has none. Keys of zero bytes only are stored one zero longer, all others as they are:
 *
 *     Level       (empty)   00      00 00      00 01   61
 *     engine      00        00 00   00 00 00   00 01   61
 *
 * Order is kept, since keys of zero bytes only come before all others, the shorter first. And every key of the engine is the
 * image of one key of Level, so a database that was written without Level is seen whole.
 */
import type { BytesLike } from '../engine/api.js';

/** A key or a bound as the engine has it. */
export function toEngineKey(key: BytesLike): Uint8Array {
  const bytes = typeof key === 'string' ? Buffer.from(key, 'utf8') : key;
  return isZerosOnly(bytes) ? new Uint8Array(bytes.length + 1) : bytes;
}

/** A key of the engine as Level has it. */
export function fromEngineKey(key: Buffer): Buffer {
  return isZerosOnly(key) ? key.subarray(1) : key;
}

/** Nearly always the first byte tells. */
function isZerosOnly(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}
