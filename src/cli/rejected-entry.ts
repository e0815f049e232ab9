import { isUtf8 } from 'node:buffer';
import type { Rejection } from './record-reader/record.js';

/**
 * One line of `rejected.ndjson`:
 *
 *     {"line":3,"reason":"…","source":"events.ndjson","record":"…"}
 *
 * `encoding: "base64"` is added where the record is not UTF-8; `truncated: true` and `recordBytes`, its length in the
 * source, where only its beginning is kept. There is nothing in it but the rejection, so the same one gives the same line.
 */
export function encodeRejection(rejection: Rejection, sourceName: string): string {
  const { line, bytes, fullBytes } = rejection.raw;
  const truncated = fullBytes > bytes.length;
  const whole = truncated ? withoutCutCharacter(bytes) : bytes;
  const isText = isUtf8(whole);
  const entry = {
    line,
    reason: rejection.reason,
    source: sourceName,
    record: Buffer.from(isText ? whole : bytes).toString(isText ? 'utf8' : 'base64'),
    encoding: isText ? undefined : 'base64',
    truncated: truncated ? true : undefined,
    recordBytes: truncated ? fullBytes : undefined,
  };
  return `${JSON.stringify(entry)}\n`;
}

const CONTINUATION_MASK = 0xc0;
const CONTINUATION = 0x80;

/** Without the last character, of at most four bytes, which the truncation may have cut. */
function withoutCutCharacter(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  for (let i = 0; i < 3 && end > 0 && (bytes[end - 1] & CONTINUATION_MASK) === CONTINUATION; i++) end--;
  return end > 0 && bytes[end - 1] >= CONTINUATION ? bytes.subarray(0, end - 1) : bytes;
}
