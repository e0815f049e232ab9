const NEWLINE = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;

/** Finds where records end. It sees all bytes of the source once, in order, and remembers where it is between chunks. */
export interface Boundary {
  /** The index of the newline that ends the current record, at or after `from`; -1 if it is not in this chunk. */
  find(chunk: Uint8Array, from: number): number;
  /** How many newlines were inside the record that ended last. */
  takeInnerNewlines(): number;
}

/** Every newline ends a record. */
export class LineBoundary implements Boundary {
  find(chunk: Uint8Array, from: number): number {
    return chunk.indexOf(NEWLINE, from);
  }

  takeInnerNewlines(): number {
    return 0;
  }
}

const FIELD_START = 0;
const PLAIN = 1;
const QUOTED = 2;
/** After a quote inside a quoted field: its end, or the first half of an escaped quote. */
const QUOTE_IN_QUOTED = 3;

/** A newline inside a quoted CSV field does not end the record. A quote opens a field only as its first byte. */
export class CsvBoundary implements Boundary {
  #state = FIELD_START;
  #innerNewlines = 0;
  #takenInnerNewlines = 0;

  find(chunk: Uint8Array, from: number): number {
    let state = this.#state;
    for (let i = from; i < chunk.length; i++) {
      const byte = chunk[i];
      if (state === QUOTED) {
        if (byte === QUOTE) state = QUOTE_IN_QUOTED;
        else if (byte === NEWLINE) this.#innerNewlines++;
      } else if (byte === NEWLINE) {
        this.#endRecord();
        return i;
      } else if (byte === COMMA) {
        state = FIELD_START;
      } else if (byte === QUOTE && state !== PLAIN) {
        // At the start of a field it opens; right after a quote it is the second half of an escaped one.
        state = QUOTED;
      } else {
        state = PLAIN;
      }
    }
    this.#state = state;
    return -1;
  }

  takeInnerNewlines(): number {
    return this.#takenInnerNewlines;
  }

  #endRecord(): void {
    this.#state = FIELD_START;
    this.#takenInnerNewlines = this.#innerNewlines;
    this.#innerNewlines = 0;
  }
}
