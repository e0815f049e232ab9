/** What every key must hold: the number of its last acknowledged write, which stands at the head of its value. */
export class SoakShadow {
  readonly #writes: Float64Array;

  constructor(keyCount: number) {
    this.#writes = new Float64Array(keyCount);
  }

  /** 0 when the key is absent. */
  lastWriteOf(index: number): number {
    return this.#writes[index];
  }

  note(index: number, writeNumber: number): void {
    this.#writes[index] = writeNumber;
  }
}

const NUMBER_BYTES = 8;

/** A value that says which write made it, and is long enough to matter. */
export function soakValue(writeNumber: number, valueBytes: number): Buffer {
  const value = Buffer.alloc(Math.max(valueBytes, NUMBER_BYTES), writeNumber & 0xff);
  value.writeDoubleLE(writeNumber, 0);
  return value;
}

/** The write that made `value`, or NaN if it is no whole value of ours. */
export function writeNumberOf(value: Buffer): number {
  if (value.length < NUMBER_BYTES) return Number.NaN;
  const writeNumber = value.readDoubleLE(0);
  for (let i = NUMBER_BYTES; i < value.length; i++) if (value[i] !== (writeNumber & 0xff)) return Number.NaN;
  return writeNumber;
}
