import { decodeEntry, encodeEntry, type JournalEntry } from './entry-codec.js';

/** An entry as it goes from the intake to its segment: the bytes that stand for it in every file, and what is asked of it on the way. */
export interface EncodedEntry {
  readonly number: number;
  readonly tenant: string;
  readonly id: string;
  readonly timestampMs: number;
  readonly appendedAtMs: number;
  readonly payloadBytes: number;
  readonly bytes: Buffer;
}

/** A copy: the caller's payload may change afterwards. */
export function encodedEntry(entry: JournalEntry): EncodedEntry {
  return withBytes(entry, encodeEntry(entry));
}

/** `bytes` are those of `entry`. */
export function withBytes(entry: JournalEntry, bytes: Buffer): EncodedEntry {
  const { number, tenant, id, timestampMs, appendedAtMs, payload } = entry;
  return { number, tenant, id, timestampMs, appendedAtMs, payloadBytes: payload.length, bytes };
}

/** The caller's to keep: no view of the bytes, which are yet to be written. */
export function entryOf({ bytes }: EncodedEntry): JournalEntry {
  return decodeEntry(Buffer.from(bytes), 0, { file: 'memory', offsetBytes: 0 }).entry;
}
