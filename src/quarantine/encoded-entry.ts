import { encodeEntry, type JournalEntry } from './entry-codec.js';

/** An entry with the bytes that stand for it in every file. */
export interface EncodedEntry {
  /** Its payload is a view of `bytes`. */
  readonly entry: JournalEntry;
  readonly bytes: Buffer;
}

const CHECKSUM_BYTES = 4;

/** A copy: the caller's payload may change afterwards. */
export function encodedEntry(entry: JournalEntry): EncodedEntry {
  const bytes = encodeEntry(entry);
  const payloadEnd = bytes.length - CHECKSUM_BYTES;
  const payload = bytes.subarray(payloadEnd - entry.payload.length, payloadEnd);
  return { entry: { ...entry, payload }, bytes };
}
