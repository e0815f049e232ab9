import { StemeError } from '../base/errors.js';
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../base/limits.js';
import { isSystemKey } from '../base/system-key.js';
import type { BytesLike } from './api.js';

/** A legal key as bytes, or STEME_INVALID_KEY. */
export function keyBytes(key: BytesLike): Uint8Array {
  const bytes = toBytes(key);
  if (bytes === undefined)
    throw new StemeError('STEME_INVALID_KEY', `a key must be a string or bytes, got ${nameOf(key)}`);
  if (bytes.length === 0) throw new StemeError('STEME_INVALID_KEY', 'a key must not be empty');
  if (bytes.length > KEY_BYTES_MAX) {
    throw new StemeError('STEME_INVALID_KEY', `a key has at most ${KEY_BYTES_MAX} bytes, got ${bytes.length}`);
  }
  if (isSystemKey(bytes)) {
    throw new StemeError('STEME_INVALID_KEY', 'a key does not start with 16 bytes of 0xff: those are for the engine');
  }
  return bytes;
}

/** A legal value as bytes, or STEME_INVALID_VALUE. */
export function valueBytes(value: BytesLike): Uint8Array {
  const bytes = toBytes(value);
  if (bytes === undefined) {
    throw new StemeError('STEME_INVALID_VALUE', `a value must be a string or bytes, got ${nameOf(value)}`);
  }
  if (bytes.length > VALUE_BYTES_MAX) {
    throw new StemeError('STEME_INVALID_VALUE', `a value has at most ${VALUE_BYTES_MAX} bytes, got ${bytes.length}`);
  }
  return bytes;
}

/** A bound of a range; any bytes, the empty ones too. STEME_INVALID_RANGE names the bound. */
export function boundBytes(name: string, bound: BytesLike | undefined): Uint8Array | undefined {
  if (bound === undefined) return undefined;
  const bytes = toBytes(bound);
  if (bytes !== undefined) return bytes;
  throw new StemeError('STEME_INVALID_RANGE', `${name} must be a string or bytes, got ${nameOf(bound)}`);
}

function toBytes(value: BytesLike): Uint8Array | undefined {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  return value instanceof Uint8Array ? value : undefined;
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? (value.constructor?.name ?? 'an object') : typeof value;
}
