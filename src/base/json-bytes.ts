import { isUtf8 } from 'node:buffer';

/** Bytes in JSON: a string where they are UTF-8, otherwise an object, so that the two can never be mixed up. */
export type JsonBytes = string | { readonly base64: string };

export function jsonBytes(bytes: Uint8Array): JsonBytes {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer) ? buffer.toString('utf8') : { base64: buffer.toString('base64') };
}
