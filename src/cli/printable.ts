import { isUtf8 } from 'node:buffer';

const SHORT_ESCAPES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };
/** C0 and C1 controls, DEL, the backslash, and the two line separators: what could forge a line or drive a terminal. */
const UNSAFE = /[\p{Cc}\\\u2028\u2029]/gu;

/**
 * Bytes on one line of a terminal, reversibly: control characters as `\n`, `\t`, `\x1b`, `\u0085`, the backslash as `\\`;
 * of bytes that are not UTF-8 all but printable ASCII as `\xNN`.
 */
export function printable(bytes: Uint8Array): string {
  const buffer = asBuffer(bytes);
  if (isUtf8(buffer)) return buffer.toString('utf8').replace(UNSAFE, escapeCharacter);
  return buffer.toString('latin1').replace(/[^\x20-\x5b\x5d-\x7e]/g, escapeByte);
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  // `\x80` and up are bytes, never characters: a line can be read back.
  return code < 0x80 ? escapeByte(character) : `\\u${hex(code, 4)}`;
}

function escapeByte(character: string): string {
  return SHORT_ESCAPES[character] ?? `\\x${hex(character.charCodeAt(0), 2)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
