import { commonPrefixLength } from '../base/bytes.js';

/** Bits that a Number holds exactly, with room to spare. */
const FRACTION_BITS = 48;

/** A set of bytes that keys are written in: how many there are, and for each byte how many of them come before it. */
interface Alphabet {
  readonly size: number;
  readonly ranks: Uint8Array;
  readonly isMember: (byte: number) => boolean;
}

const inRange =
  (from: number, to: number) =>
  (byte: number): boolean =>
    byte >= from && byte <= to;
const isDigit = inRange(0x30, 0x39);
const isHexLetter = inRange(0x61, 0x66);
/** Smallest first: numbers in decimal, in hex, text, bytes. */
const ALPHABETS = [isDigit, (byte: number) => isDigit(byte) || isHexLetter(byte), inRange(0x20, 0x7e), () => true].map(
  alphabetOf,
);

/**
 * Where `key` lies between `first` and `last`, from 0 to 1, if keys are spread evenly: by what stands behind the prefix that both
 * share, read as a number in the smallest alphabet that holds both.
 */
export function keyFraction(first: Uint8Array, last: Uint8Array, key: Uint8Array): number {
  const shared = commonPrefixLength(first, 0, first.length, last, 0, last.length);
  const alphabet = ALPHABETS.find(({ isMember }) => [first, last].every((one) => one.subarray(shared).every(isMember)));
  if (alphabet === undefined) return 0;
  const low = numberAt(first, shared, alphabet);
  const high = numberAt(last, shared, alphabet);
  if (high <= low) return 0;
  const isWithin = commonPrefixLength(first, 0, shared, key, 0, key.length) === shared;
  const at = isWithin ? numberAt(key, shared, alphabet) : low;
  return Math.min(1, Math.max(0, (at - low) / (high - low)));
}

function numberAt(key: Uint8Array, start: number, { size, ranks }: Alphabet): number {
  const digits = Math.floor(FRACTION_BITS / Math.log2(size));
  let value = 0;
  for (let i = start; i < start + digits; i++) value = value * size + (i < key.length ? ranks[key[i]] : 0);
  return value;
}

function alphabetOf(isMember: (byte: number) => boolean): Alphabet {
  const ranks = new Uint8Array(256);
  let size = 0;
  for (let byte = 0; byte < 256; byte++) {
    ranks[byte] = size;
    if (isMember(byte)) size++;
  }
  return { size, ranks, isMember };
}
