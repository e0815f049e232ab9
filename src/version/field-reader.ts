import { copyRange } from '../base/bytes.js';
import { readVarint, type VarintCursor } from '../base/varint.js';

/** Reports damage at the caller's place. Never returns. */
export type DamageReporter = (expected: string, found: string) => never;

/** Reads fields out of `source[start, end)` and believes none of them: each length is checked before memory is taken (law 10). */
export class FieldReader {
  readonly #source: Uint8Array;
  readonly #end: number;
  readonly #report: DamageReporter;
  readonly #cursor: VarintCursor;

  constructor(source: Uint8Array, start: number, end: number, report: DamageReporter) {
    this.#source = source;
    this.#end = end;
    this.#report = report;
    this.#cursor = { position: start };
  }

  get isAtEnd(): boolean {
    return this.#cursor.position === this.#end;
  }

  varint(what: string, min: number, max: number): number {
    const at = this.#cursor.position;
    const value = readVarint(this.#source, this.#cursor, this.#end);
    if (this.#cursor.position < 0) this.#report(`${what} at byte ${at} of the edit`, 'no whole varint below 2^53');
    if (value < min || value > max) this.#report(`${what} between ${min} and ${max}`, String(value));
    return value;
  }

  /** A length, then as many bytes, as a copy of their own: the source is the log reader's. */
  bytes(what: string, lengthMin: number, lengthMax: number): Uint8Array {
    const length = this.varint(`the length of ${what}`, lengthMin, lengthMax);
    const start = this.#take(what, length);
    // Not a pooled Buffer: posting one to a worker would copy its whole pool.
    const copy = new Uint8Array(length);
    copyRange(this.#source, start, start + length, copy, 0);
    return copy;
  }

  /** Everything up to the end, as a view. */
  rest(what: string, lengthMax: number): Uint8Array {
    const start = this.#cursor.position;
    if (this.#end - start > lengthMax) this.#report(`at most ${lengthMax} bytes of ${what}`, `${this.#end - start}`);
    this.#cursor.position = this.#end;
    return this.#source.subarray(start, this.#end);
  }

  /** A length, then a reader of as many bytes. */
  nested(what: string): FieldReader {
    const length = this.varint(`the length of ${what}`, 0, Number.MAX_SAFE_INTEGER);
    const start = this.#take(what, length);
    return new FieldReader(this.#source, start, start + length, this.#report);
  }

  expectEnd(what: string): void {
    if (!this.isAtEnd) this.#report(`the end of ${what}`, `${this.#end - this.#cursor.position} more bytes`);
  }

  #take(what: string, length: number): number {
    const start = this.#cursor.position;
    if (length > this.#end - start) {
      this.#report(`${length} bytes of ${what} at byte ${start} of the edit`, `${this.#end - start} bytes`);
    }
    this.#cursor.position = start + length;
    return start;
  }
}
