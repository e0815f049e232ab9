import { Prng } from '../../src/base/prng.js';

export const KEY_BYTES = 16;
export const VALUE_BYTES = 100;

/** Few enough to stay in the processor's cache. */
const VALUE_COUNT = 1024;

export type KeyOrder = 'random' | 'rising';

/** `count` keys back to back. Rising ones are a fixed prefix and a counter, as of a sensor and a time. */
export function makeKeys(order: KeyOrder, count: number, seed = 1): Uint8Array {
  return order === 'random' ? randomKeys(count, seed) : risingKeys(count);
}

function randomKeys(count: number, seed: number): Uint8Array {
  const keys = new Uint8Array(count * KEY_BYTES);
  const words = new Uint32Array(keys.buffer);
  const random = new Prng(seed);
  for (let i = 0; i < words.length; i++) words[i] = random.nextUint32();
  return keys;
}

function risingKeys(count: number): Uint8Array {
  const keys = new Uint8Array(count * KEY_BYTES);
  const view = new DataView(keys.buffer);
  for (let i = 0; i < count; i++) {
    view.setUint32(i * KEY_BYTES, 0x73656e73);
    view.setUint32(i * KEY_BYTES + 12, i);
  }
  return keys;
}

/** The same keys, ascending. */
export function sortKeys(keys: Uint8Array): Uint8Array {
  const views = Array.from({ length: keys.length / KEY_BYTES }, (_, index) => keyView(keys, index));
  return concatKeys(views.sort(Buffer.compare));
}

/** The same keys in an order that no processor foresees. */
export function shuffleKeys(keys: Uint8Array, seed = 2): Uint8Array {
  const shuffled = keys.slice();
  const random = new Prng(seed);
  const held = new Uint8Array(KEY_BYTES);
  for (let i = keys.length / KEY_BYTES - 1; i > 0; i--) {
    const other = random.below(i + 1) * KEY_BYTES;
    held.set(shuffled.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES));
    shuffled.copyWithin(i * KEY_BYTES, other, other + KEY_BYTES);
    shuffled.set(held, other);
  }
  return shuffled;
}

/** Values that compress to about half: 50 random bytes, twice. */
export function makeValues(): readonly Uint8Array[] {
  const random = new Prng(3);
  return Array.from({ length: VALUE_COUNT }, () => {
    const value = new Uint8Array(VALUE_BYTES);
    random.fill(value.subarray(0, VALUE_BYTES / 2));
    value.copyWithin(VALUE_BYTES / 2, 0, VALUE_BYTES / 2);
    return value;
  });
}

export function keyView(keys: Uint8Array, index: number): Uint8Array {
  return keys.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES);
}

function concatKeys(keys: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(keys.length * KEY_BYTES);
  for (let i = 0; i < keys.length; i++) joined.set(keys[i], i * KEY_BYTES);
  return joined;
}

/**
 * Hands out the keys of a list again and again, one by one, in the same array: a caller's key is at hand in the processor's cache, as
 * it is for whoever has just made it. Costs some 10 ns a key.
 */
export class KeyFeed {
  readonly key = Buffer.alloc(KEY_BYTES);
  readonly #keys: Uint8Array;
  #at = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  next(): Buffer {
    const { key } = this;
    const keys = this.#keys;
    const at = this.#at;
    for (let i = 0; i < KEY_BYTES; i++) key[i] = keys[at + i];
    this.#at = at + KEY_BYTES === keys.length ? 0 : at + KEY_BYTES;
    return key;
  }
}
