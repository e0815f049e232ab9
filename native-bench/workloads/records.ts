import { Prng } from '../../src/base/prng.js';
import { KEY_BYTES, type RecordSource } from './workload.js';

/** Few enough to stay in the processor's cache, many enough that no two in one block are alike. */
const VALUES_MAX = 10_000;
const VALUES_MIN = 64;
const VALUE_POOL_BYTES = 8 * 1024 * 1024;
/** Half of each piece is random and stands twice, near enough for every compressor to see. */
const PIECE_BYTES = 100;
/** Keeps the choice of a key apart from the bytes of a key, which come from the same seed. */
const CHOICE_SEED = 0x5bd1e995;

/** Keys are made from their index alone and values repeat, so that ten million records take no memory. */
abstract class IndexedRecords implements RecordSource {
  readonly valueBytes: number;
  protected readonly seed: number;
  readonly #values: readonly Buffer[];

  constructor(seed: number, valueBytes: number) {
    this.seed = seed;
    this.valueBytes = valueBytes;
    this.#values = makeValues(new Prng(seed), valueBytes);
  }

  keys(first: number, count: number): Buffer {
    const keys = Buffer.allocUnsafeSlow(count * KEY_BYTES);
    for (let i = 0; i < count; i++) this.writeKey(keys, i * KEY_BYTES, first + i);
    return keys;
  }

  key(index: number): Buffer {
    const key = Buffer.allocUnsafe(KEY_BYTES);
    this.writeKey(key, 0, index);
    return key;
  }

  value(index: number): Buffer {
    return this.#values[index % this.#values.length];
  }

  protected abstract writeKey(target: Buffer, at: number, index: number): void;
}

/** Sixteen random bytes. */
export class RandomRecords extends IndexedRecords {
  protected override writeKey(target: Buffer, at: number, index: number): void {
    writeRandomKey(target, at, this.seed + index);
  }
}

/** Eight bytes of rising time, then eight random ones: what a log or a metrics pipeline writes. */
export class TimeOrderedRecords extends IndexedRecords {
  protected override writeKey(target: Buffer, at: number, index: number): void {
    const random = new Prng(this.seed + index);
    target.writeUInt16BE(0, at);
    target.writeUIntBE(index, at + 2, 6);
    target.writeUInt32BE(random.nextUint32(), at + 8);
    target.writeUInt32BE(random.nextUint32(), at + 12);
  }
}

/** The first `keyCount` keys of RandomRecords again and again, in random order. */
export class OverwrittenRecords extends IndexedRecords {
  readonly #keyCount: number;

  constructor(seed: number, valueBytes: number, keyCount: number) {
    super(seed, valueBytes);
    this.#keyCount = keyCount;
  }

  protected override writeKey(target: Buffer, at: number, index: number): void {
    const choice = new Prng((this.seed ^ CHOICE_SEED) + index).below(this.#keyCount);
    writeRandomKey(target, at, this.seed + choice);
  }
}

/** The generator's first word is a permutation of its seed, so no two keys are alike. */
function writeRandomKey(target: Buffer, at: number, seed: number): void {
  const random = new Prng(seed);
  for (let word = 0; word < KEY_BYTES; word += 4) target.writeUInt32BE(random.nextUint32(), at + word);
}

function makeValues(random: Prng, valueBytes: number): Buffer[] {
  const count = Math.min(VALUES_MAX, Math.max(VALUES_MIN, Math.floor(VALUE_POOL_BYTES / valueBytes)));
  return Array.from({ length: count }, () => makeValue(random, valueBytes));
}

function makeValue(random: Prng, valueBytes: number): Buffer {
  const value = Buffer.alloc(valueBytes);
  for (let at = 0; at < valueBytes; at += PIECE_BYTES) {
    const middle = at + Math.ceil(Math.min(PIECE_BYTES, valueBytes - at) / 2);
    random.fill(value.subarray(at, middle));
    value.copy(value, middle, at, middle);
  }
  return value;
}
