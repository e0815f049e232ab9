import { KIB, MIB } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { type RecordName, VALUE_BYTES_MIN } from './crash-value.js';

/** One record of a write: a put of the value that `name` stands for, or a delete. */
export interface PlannedRecord {
  readonly kind: 'put' | 'del';
  readonly name: RecordName;
}

/** One call of `put`, `del` or `batch`: all of its records or none. */
export interface PlannedWrite {
  /** Counts the writes of a cycle from 0, in the order in which they are issued. */
  readonly index: number;
  readonly records: readonly PlannedRecord[];
  readonly sync: boolean;
}

export type PlannedStep =
  /** Writes issued in one go; `isAwaited` says whether the next step waits for their acknowledgements. */
  | { readonly kind: 'write'; readonly writes: readonly PlannedWrite[]; readonly isAwaited: boolean }
  | { readonly kind: 'flush' | 'compact' | 'sync'; readonly isAwaited: boolean };

const KEY_COUNT = 3000;
const BATCH_RECORDS_MAX = 60;

/** What the cycle is like; drawn once, so that cycles differ more than steps do. */
interface Temper {
  readonly concurrencyMax: number;
  readonly syncProbability: number;
  readonly batchProbability: number;
  readonly deleteProbability: number;
  readonly largeProbability: number;
  readonly keySpan: number;
}

/** The same seed and cycle give the same endless list of steps, in the child that takes them and in the parent that judges. */
export function* planSteps(seed: number, cycle: number): Generator<PlannedStep, never> {
  const random = new Prng(Math.imul(seed, 0x9e37) + cycle * 7919);
  const temper = drawTemper(random);
  for (let writeCount = 0; ; ) {
    const step = drawStep(random, temper, cycle, writeCount);
    if (step.kind === 'write') writeCount += step.writes.length;
    yield step;
  }
}

/** Options of the opens of one cycle: small and odd, so that seals, flushes and recycled segments come often. */
export function planOptions(seed: number, cycle: number) {
  const random = new Prng(Math.imul(seed, 0x85eb) + cycle * 104729);
  return {
    memtableBytes: random.pick([256 * KIB, 512 * KIB, MIB]),
    blockBytes: random.pick([256, KIB, 4 * KIB]),
    blockCacheBytes: random.pick([64 * KIB, MIB, 8 * MIB]),
    compression: random.pick(['lz4', 'none'] as const),
    walSync: random.pick(['auto', 'direct', 'fdatasync'] as const),
    readMode: random.pick(['mmap', 'pread'] as const),
  };
}

/** Keys of many lengths; every one names its number. */
export function keyOf(keyId: number): string {
  const tail = keyId % 31 === 0 ? 'x'.repeat(keyId % 1000) : '';
  return `${'abcdefg'[keyId % 7]}/${String(keyId).padStart(5, '0')}/${tail}`;
}

export function keyIdOf(key: string): number {
  return Number(key.split('/')[1]);
}

function drawTemper(random: Prng): Temper {
  return {
    concurrencyMax: random.pick([1, 4, 16, 64]),
    syncProbability: random.pick([0, 0.5, 0.9, 1]),
    batchProbability: random.pick([0.1, 0.5]),
    deleteProbability: random.pick([0.05, 0.3]),
    largeProbability: random.pick([0, 0.002, 0.02]),
    keySpan: random.pick([50, 500, KEY_COUNT]),
  };
}

function drawStep(random: Prng, temper: Temper, cycle: number, firstIndex: number): PlannedStep {
  const isAwaited = random.chance(0.5);
  const roll = random.below(1000);
  if (roll < 4) return { kind: 'flush', isAwaited };
  if (roll < 6) return { kind: 'compact', isAwaited };
  if (roll < 16) return { kind: 'sync', isAwaited };
  const count = 1 + random.below(temper.concurrencyMax);
  const writes = Array.from({ length: count }, (_, offset) => drawWrite(random, temper, cycle, firstIndex + offset));
  return { kind: 'write', writes, isAwaited };
}

function drawWrite(random: Prng, temper: Temper, cycle: number, index: number): PlannedWrite {
  const sync = random.chance(temper.syncProbability);
  const recordCount = random.chance(temper.batchProbability) ? 2 + random.below(BATCH_RECORDS_MAX - 1) : 1;
  const keyIds = new Set<number>();
  const records: PlannedRecord[] = [];
  for (let position = 0; position < recordCount; position++) {
    const keyId = random.below(temper.keySpan);
    const kind = random.chance(temper.deleteProbability) ? 'del' : 'put';
    const valueBytes = drawValueBytes(random, temper);
    // A batch touches a key once, so that every record of it can be looked for.
    if (keyIds.has(keyId)) continue;
    keyIds.add(keyId);
    records.push({ kind, name: { cycle, write: index, position, keyId, valueBytes } });
  }
  return { index, records, sync };
}

function drawValueBytes(random: Prng, temper: Temper): number {
  if (!random.chance(temper.largeProbability)) return VALUE_BYTES_MIN + random.below(300);
  if (random.chance(0.01)) return MIB + random.below(4 * MIB);
  return random.chance(0.2) ? 20 * KIB + random.below(280 * KIB) : KIB + random.below(20 * KIB);
}
