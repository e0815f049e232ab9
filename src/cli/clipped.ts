const CONTINUATION_MASK = 0xc0;
const CONTINUATION = 0x80;
const ELLIPSIS = '…';

/** `text` if it has at most `bytesMax` bytes in UTF-8, otherwise its beginning and an ellipsis, which have no more. */
export function clipped(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let end = Math.max(0, bytesMax - Buffer.byteLength(ELLIPSIS));
  while (end > 0 && (bytes[end] & CONTINUATION_MASK) === CONTINUATION) end--;
  return `${bytes.toString('utf8', 0, end)}${ELLIPSIS}`;
}
