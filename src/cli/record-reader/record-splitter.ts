import { EMPTY_BYTES } from '../../base/bytes.js';
import { MIB, VALUE_BYTES_MAX } from '../../base/limits.js';
import type { Boundary } from './boundary.js';
import { ByteOrderMark } from './byte-order-mark.js';
import { PendingBytes } from './pending-bytes.js';
import type { RawRecord } from './record.js';

export interface SplitterOptions {
  /** Drop a UTF-8 byte order mark at the very start. */
  readonly dropByteOrderMark: boolean;
  /** Larger records come out truncated. */
  readonly recordBytesMax?: number;
  /** How much of a larger record is kept. */
  readonly truncatedBytes?: number;
}

const CARRIAGE_RETURN = 0x0d;
const TRUNCATED_BYTES = MIB;

/**
 * Cuts a stream of chunks into records, in constant memory. `\n` and `\r\n` end a record, and so does the end of the
 * source; the ending is not part of it. Empty records are skipped and counted. Where chunks begin and end changes nothing.
 */
export class RecordSplitter {
  readonly #boundary: Boundary;
  readonly #recordBytesMax: number;
  readonly #truncatedBytes: number;
  readonly #pending: PendingBytes;
  readonly #mark: ByteOrderMark | undefined;
  #line = 1;
  #emptyLineCount = 0;

  constructor(boundary: Boundary, options: SplitterOptions) {
    this.#boundary = boundary;
    this.#recordBytesMax = options.recordBytesMax ?? VALUE_BYTES_MAX;
    this.#truncatedBytes = Math.min(options.truncatedBytes ?? TRUNCATED_BYTES, this.#recordBytesMax);
    // One more than the largest record: the carriage return that may follow it.
    this.#pending = new PendingBytes(this.#recordBytesMax + 1, this.#truncatedBytes);
    this.#mark = options.dropByteOrderMark ? new ByteOrderMark() : undefined;
  }

  get emptyLineCount(): number {
    return this.#emptyLineCount;
  }

  /** The records that end in this chunk. They may point into it. */
  push(chunk: Uint8Array): RawRecord[] {
    return this.#split(this.#mark === undefined ? chunk : this.#mark.drop(chunk));
  }

  /** The last record, if the source does not end in a newline. */
  end(): RawRecord[] {
    const records = this.#split(this.#mark?.withheld() ?? EMPTY_BYTES);
    if (!this.#pending.isEmpty) this.#finish(EMPTY_BYTES, records);
    return records;
  }

  #split(chunk: Uint8Array): RawRecord[] {
    const records: RawRecord[] = [];
    let start = 0;
    for (;;) {
      const end = this.#boundary.find(chunk, start);
      if (end === -1) break;
      this.#finish(chunk.subarray(start, end), records);
      this.#line += 1 + this.#boundary.takeInnerNewlines();
      start = end + 1;
    }
    this.#pending.append(chunk.subarray(start));
    return records;
  }

  #finish(tail: Uint8Array, records: RawRecord[]): void {
    let bytes = tail;
    let fullBytes = tail.length;
    if (!this.#pending.isEmpty) {
      this.#pending.append(tail);
      ({ bytes, fullBytes } = this.#pending.take());
    }
    this.#emit(bytes, fullBytes, records);
  }

  #emit(bytes: Uint8Array, fullBytes: number, records: RawRecord[]): void {
    if (fullBytes > bytes.length) {
      records.push({ line: this.#line, bytes, fullBytes });
      return;
    }
    const record = withoutCarriageReturn(bytes);
    if (record.length === 0) this.#emptyLineCount++;
    else records.push({ line: this.#line, bytes: this.#truncate(record), fullBytes: record.length });
  }

  #truncate(bytes: Uint8Array): Uint8Array {
    return bytes.length > this.#recordBytesMax ? bytes.slice(0, this.#truncatedBytes) : bytes;
  }
}

function withoutCarriageReturn(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
}
