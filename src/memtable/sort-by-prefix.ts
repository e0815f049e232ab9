export const SORT_PREFIX_BYTES = 4;

const DIGIT_BITS = 11;
const DIGIT_COUNT = 1 << DIGIT_BITS;
/** The upper two digits are enough: what agrees in them lies close together. */
const SHIFTS = [10, 21];

interface Prefixed {
  readonly records: Int32Array;
  readonly prefixes: Uint32Array;
}

/**
 * The records by the upper 22 bits of their prefixes; those that agree in them stay as they were. A radix sort, the lower digit first.
 * Both arrays are used as scratch.
 */
export function sortByPrefix(records: Int32Array, prefixes: Uint32Array): Int32Array {
  let from: Prefixed = { records, prefixes };
  let to: Prefixed = { records: new Int32Array(records.length), prefixes: new Uint32Array(records.length) };
  for (const shift of SHIFTS) {
    distribute(from, to, shift);
    [from, to] = [to, from];
  }
  return from.records;
}

function distribute(from: Prefixed, to: Prefixed, shift: number): void {
  const places = startsOfDigits(from.prefixes, shift);
  for (let i = 0; i < from.records.length; i++) {
    const prefix = from.prefixes[i];
    const place = places[digitOf(prefix, shift)]++;
    to.records[place] = from.records[i];
    to.prefixes[place] = prefix;
  }
}

/** Where the first record with each digit goes. */
function startsOfDigits(prefixes: Uint32Array, shift: number): Int32Array {
  const starts = new Int32Array(DIGIT_COUNT);
  for (let i = 0; i < prefixes.length; i++) starts[digitOf(prefixes[i], shift)]++;
  let start = 0;
  for (let digit = 0; digit < DIGIT_COUNT; digit++) {
    const count = starts[digit];
    starts[digit] = start;
    start += count;
  }
  return starts;
}

function digitOf(prefix: number, shift: number): number {
  return (prefix >>> shift) & (DIGIT_COUNT - 1);
}
