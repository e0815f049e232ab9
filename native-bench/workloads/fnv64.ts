const WORD = 2 ** 32;
const OFFSET_BASIS_HIGH = 0xcbf29ce4;
const OFFSET_BASIS_LOW = 0x84222325;
/** The prime is 2^40 + this. */
const PRIME_LOW = 0x1b3;

/** YCSB's scrambling: the 64-bit FNV-1a of a number's eight bytes, taken as a signed number without its sign, modulo `bound`. */
export function fnv64Below(value: number, bound: number): number {
  let high = OFFSET_BASIS_HIGH;
  let low = OFFSET_BASIS_LOW;
  let rest = value;
  for (let octet = 0; octet < 8; octet++) {
    low = (low ^ (rest & 0xff)) >>> 0;
    rest = Math.floor(rest / 256);
    const product = low * PRIME_LOW;
    const carry = Math.floor(product / WORD);
    // Times 2^40: the low word moves into the high one, eight bits up.
    high = (Math.imul(high, PRIME_LOW) + carry + (low << 8)) >>> 0;
    low = product % WORD;
  }
  if (high >= 2 ** 31) [high, low] = negate(high, low);
  return ((high % bound) * (WORD % bound) + (low % bound)) % bound;
}

function negate(high: number, low: number): [number, number] {
  return low === 0 ? [-high >>> 0, 0] : [~high >>> 0, -low >>> 0];
}
