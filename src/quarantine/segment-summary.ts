/**
 * What is known of a segment without opening it, a record of its tenant's manifest:
 *
 *     size  type    field
 *        1  u8      1: a segment that is not written any more
 *        7          zero
 *        8  u64     number of the segment
 *        8  u64     number of its first entry
 *        8  u64     number of its last entry
 *        8  u64     how many entries it has
 *        8  u64     bytes of their payloads
 *        8  u64     where its entries end in the file
 *        8  u64     smallest timestamp, milliseconds since 1970
 *        8  u64     largest timestamp
 *        8  u64     when its newest entry was appended
 *        …          minutes of the timestamps (minute-set.ts)
 *        …          filter of the ids (id-filter.ts), up to the end
 */
import { readUint64, writeUint64 } from '../base/bytes.js';
import { assert, CorruptionError } from '../base/errors.js';
import { HashSet } from '../base/hash-set.js';
import { SEQUENCE_MAX } from '../base/limits.js';
import type { EncodedEntry } from './encoded-entry.js';
import type { EntryPlace, JournalEntry } from './entry-codec.js';
import { buildIdFilter, hashId, isIdFilter } from './id-filter.js';
import {
  type MinuteSpan,
  minuteOf,
  minuteSpansBytes,
  minuteSpansOf,
  readMinuteSpans,
  writeMinuteSpans,
} from './minute-set.js';

/** Stored on disk, never renumbered. */
export const MANIFEST_SEALED = 1;

const HEAD_BYTES = 8;
const NUMBER_FIELDS = 9;
const FIXED_BYTES = HEAD_BYTES + 8 * NUMBER_FIELDS;

export interface SegmentSummary {
  readonly number: number;
  readonly firstEntry: number;
  readonly lastEntry: number;
  readonly entryCount: number;
  readonly payloadBytes: number;
  readonly endBytes: number;
  readonly timestampMsMin: number;
  readonly timestampMsMax: number;
  readonly appendedAtMsMax: number;
  readonly minutes: readonly MinuteSpan[];
  readonly filter: Uint8Array;
}

/** What a summary needs to know of an entry. */
export type SummedEntry = Omit<EncodedEntry, 'tenant' | 'bytes'>;

export function summedEntry({ number, id, timestampMs, appendedAtMs, payload }: JournalEntry): SummedEntry {
  return { number, id, timestampMs, appendedAtMs, payloadBytes: payload.length };
}

/** Takes the entries of one segment as they are appended, or read. */
export class SummaryBuilder {
  readonly #hashes = new HashSet();
  readonly #minutes = new Set<number>();
  #entryCount = 0;
  #firstEntry = 0;
  #lastEntry = 0;
  #payloadBytes = 0;
  #timestampMsMin = Number.POSITIVE_INFINITY;
  #timestampMsMax = 0;
  #appendedAtMsMax = 0;

  get entryCount(): number {
    return this.#entryCount;
  }

  get firstEntry(): number {
    return this.#firstEntry;
  }

  get lastEntry(): number {
    return this.#lastEntry;
  }

  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  get appendedAtMsMax(): number {
    return this.#appendedAtMsMax;
  }

  add({ number, id, timestampMs, appendedAtMs, payloadBytes }: SummedEntry): void {
    assert(number > this.#lastEntry, 'the entries of a tenant come in order');
    if (this.#firstEntry === 0) this.#firstEntry = number;
    this.#lastEntry = number;
    this.#entryCount++;
    this.#hashes.add(hashId(id));
    this.#minutes.add(minuteOf(timestampMs));
    this.#payloadBytes += payloadBytes;
    this.#timestampMsMin = Math.min(this.#timestampMsMin, timestampMs);
    this.#timestampMsMax = Math.max(this.#timestampMsMax, timestampMs);
    this.#appendedAtMsMax = Math.max(this.#appendedAtMsMax, appendedAtMs);
  }

  mayHoldId(hash: number): boolean {
    return this.#hashes.has(hash);
  }

  minutes(): MinuteSpan[] {
    return minuteSpansOf(this.#minutes);
  }

  finish(number: number, endBytes: number): SegmentSummary {
    assert(this.#entryCount > 0, 'a segment that is summed up has entries');
    return {
      number,
      firstEntry: this.#firstEntry,
      lastEntry: this.#lastEntry,
      entryCount: this.#entryCount,
      payloadBytes: this.#payloadBytes,
      endBytes,
      timestampMsMin: this.#timestampMsMin,
      timestampMsMax: this.#timestampMsMax,
      appendedAtMsMax: this.#appendedAtMsMax,
      minutes: this.minutes(),
      filter: buildIdFilter(this.#hashes),
    };
  }
}

export function encodeSummary(summary: SegmentSummary): Uint8Array {
  const { minutes, filter } = summary;
  const bytes = new Uint8Array(FIXED_BYTES + minuteSpansBytes(minutes) + filter.length);
  bytes[0] = MANIFEST_SEALED;
  const numbers = [
    summary.number,
    summary.firstEntry,
    summary.lastEntry,
    summary.entryCount,
    summary.payloadBytes,
    summary.endBytes,
    summary.timestampMsMin,
    summary.timestampMsMax,
    summary.appendedAtMsMax,
  ];
  for (let i = 0; i < NUMBER_FIELDS; i++) writeUint64(bytes, HEAD_BYTES + 8 * i, numbers[i]);
  const filterAt = writeMinuteSpans(bytes, FIXED_BYTES, minutes);
  bytes.set(filter, filterAt);
  return bytes;
}

/** Of a record whose first byte is MANIFEST_SEALED; the filter is a view of it. Errors: STEME_CORRUPTION. */
export function decodeSummary(record: Uint8Array, { file, offsetBytes }: EntryPlace): SegmentSummary {
  const damaged = (expected: string, found: string): CorruptionError =>
    new CorruptionError({ file, offsetBytes, expected, found });
  if (record.length < FIXED_BYTES) throw damaged('the summary of a segment', `${record.length} bytes`);
  const numbers = Array.from({ length: NUMBER_FIELDS }, (_, i) => readUint64(record, HEAD_BYTES + 8 * i));
  if (numbers.some((value) => value > SEQUENCE_MAX)) throw damaged('numbers below 2^53', `${Math.max(...numbers)}`);
  const [
    number,
    firstEntry,
    lastEntry,
    entryCount,
    payloadBytes,
    endBytes,
    timestampMsMin,
    timestampMsMax,
    appendedAtMsMax,
  ] = numbers;
  if (entryCount === 0 || firstEntry === 0 || lastEntry - firstEntry + 1 < entryCount) {
    throw damaged('entries with numbers of their own', `${entryCount} from ${firstEntry} to ${lastEntry}`);
  }
  const cursor = { position: FIXED_BYTES };
  const minutes = readMinuteSpans(record, cursor, record.length);
  const filter = cursor.position < 0 ? undefined : record.subarray(cursor.position);
  if (filter === undefined || !isIdFilter(filter)) throw damaged('minutes and a filter', 'other bytes');
  return {
    number,
    firstEntry,
    lastEntry,
    entryCount,
    payloadBytes,
    endBytes,
    timestampMsMin,
    timestampMsMax,
    appendedAtMsMax,
    minutes,
    filter,
  };
}
