import { KIB, MIB } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { type CrashPhase, isPassedOnce, type KillAim, WRITER_SHARES } from './crash-phase.js';
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
  /** A bulk load. It comes after all writes before it and before all behind it, so nothing else is on its way meanwhile. */
  | { readonly kind: 'load'; readonly writes: readonly [PlannedWrite] }
  | { readonly kind: 'checkpoint'; readonly number: number; readonly isAwaited: boolean }
  | { readonly kind: 'flush' | 'compact' | 'sync'; readonly isAwaited: boolean }
  /** The last step, with what is on its way at the time. */
  | { readonly kind: 'close' };

/** The kills of one cycle: that of the writer, then those of processes that only open what it left. */
export interface PlannedKills {
  readonly writer: KillAim;
  readonly recoveries: readonly KillAim[];
}

const KEY_COUNT = 3000;
const BATCH_RECORDS_MAX = 60;
const LOAD_RECORDS_MAX = 800;
const RECOVERY_KILLS_MAX = 4;
/** Of memtables in a recovery after which several kills come: a long log makes many of them, each flushed on the way. */
const SMALL_MEMTABLE_BYTES = 256 * KIB;
const LARGE_MEMTABLE_BYTES = 8 * MIB;

/** What the cycle is like; drawn once, so that cycles differ more than steps do. */
interface Temper {
  readonly concurrencyMax: number;
  readonly syncProbability: number;
  readonly batchProbability: number;
  readonly deleteProbability: number;
  readonly largeProbability: number;
  readonly keySpan: number;
  /** Of a thousand steps, so many are of these kinds. */
  readonly rates: Readonly<Record<RareStep, number>>;
  /** The number of steps before the close; undefined: there is none. */
  readonly closeAfterSteps: number | undefined;
}

type RareStep = 'flush' | 'compact' | 'sync' | 'checkpoint' | 'load';

const USUAL_RATES: Temper['rates'] = { flush: 4, compact: 2, sync: 10, checkpoint: 1, load: 1 };
/** What makes the phase that the writer is to die in come often. */
const RATES_BY_PHASE: Partial<Record<CrashPhase, Partial<Temper['rates']>>> = {
  // A long log, so nothing that shortens it.
  recovery: { flush: 0, compact: 0, checkpoint: 0, load: 0 },
  flush: { flush: 60 },
  compaction: { flush: 50, compact: 25 },
  checkpoint: { checkpoint: 80 },
  load: { load: 80 },
};

/** The kills of a cycle, in order. */
export function planKills(seed: number, cycle: number): PlannedKills {
  const random = new Prng(Math.imul(seed, 0xc2b2) + cycle * 15485863);
  const phases = Object.entries(WRITER_SHARES) as [CrashPhase, number][];
  const hat = phases.flatMap(([phase, share]) => Array.from({ length: share }, () => phase));
  const hasLongLog = random.chance(1 / 4);
  const phase = hasLongLog ? 'writing' : random.pick(hat);
  const recoveryCount = hasLongLog ? 1 + random.below(RECOVERY_KILLS_MAX) : random.below(8) === 0 ? 1 : 0;
  return {
    // A long log takes a whole life to write.
    writer: hasLongLog ? { phase, occurrence: 1, fraction: 1 } : drawAim(random, phase),
    recoveries: Array.from({ length: recoveryCount }, () => drawAim(random, 'recovery')),
  };
}

function drawAim(random: Prng, phase: CrashPhase): KillAim {
  return { phase, occurrence: isPassedOnce(phase) ? 1 : 1 + random.below(3), fraction: random.below(1000) / 1000 };
}

/** Which phase the cycle is about: that of several kills in a row, or else that of its writer. */
function subjectOf(seed: number, cycle: number): CrashPhase {
  const { writer, recoveries } = planKills(seed, cycle);
  return recoveries.length > 0 && writer.phase === 'writing' ? 'recovery' : writer.phase;
}

/** The same seed and cycle give the same list of steps, in the child that takes them and in the parent that judges. It ends with a close or not at all. */
export function* planSteps(seed: number, cycle: number): Generator<PlannedStep, void> {
  const random = new Prng(Math.imul(seed, 0x9e37) + cycle * 7919);
  const temper = drawTemper(random, subjectOf(seed, cycle));
  const counts = { writes: 0, checkpoints: 0 };
  for (let stepCount = 0; stepCount !== temper.closeAfterSteps; stepCount++) {
    const step = drawStep(random, temper, cycle, counts);
    if (step.kind === 'write' || step.kind === 'load') counts.writes += step.writes.length;
    if (step.kind === 'checkpoint') counts.checkpoints++;
    yield step;
  }
  yield { kind: 'close' };
}

/** Options of the writer of one cycle: small and odd, so that seals, flushes, compactions and recycled segments come often. */
export function planOptions(seed: number, cycle: number) {
  const random = new Prng(Math.imul(seed, 0x85eb) + cycle * 104729);
  const memtableBytes = random.pick([256 * KIB, 512 * KIB, MIB]);
  return {
    memtableBytes: subjectOf(seed, cycle) === 'recovery' ? LARGE_MEMTABLE_BYTES : memtableBytes,
    blockBytes: random.pick([256, KIB, 4 * KIB]),
    blockCacheBytes: random.pick([64 * KIB, MIB, 8 * MIB]),
    tableBytes: random.pick([64 * KIB, 256 * KIB, MIB]),
    baseLevelBytes: random.pick([128 * KIB, MIB]),
    compression: random.pick(['lz4', 'none'] as const),
    walSync: random.pick(['auto', 'direct', 'fdatasync'] as const),
    readMode: random.pick(['mmap', 'pread'] as const),
    rowCacheBytes: random.pick([0, 64 * KIB, MIB]),
  };
}

/** Of those who open what the writer left: they find more in the log than their memory is meant to hold. */
export function planRecoveryOptions(seed: number, cycle: number): ReturnType<typeof planOptions> {
  return { ...planOptions(seed, cycle), memtableBytes: SMALL_MEMTABLE_BYTES };
}

/** Keys of many lengths; every one names its number. */
export function keyOf(keyId: number): string {
  const tail = keyId % 31 === 0 ? 'x'.repeat(keyId % 1000) : '';
  return `${'abcdefg'[keyId % 7]}/${String(keyId).padStart(5, '0')}/${tail}`;
}

export function keyIdOf(key: string): number {
  return Number(key.split('/')[1]);
}

function drawTemper(random: Prng, subject: CrashPhase): Temper {
  const temper = {
    concurrencyMax: random.pick([1, 4, 16, 64]),
    syncProbability: random.pick([0, 0.5, 0.9, 1]),
    batchProbability: random.pick([0.1, 0.5]),
    deleteProbability: random.pick([0.05, 0.3]),
    largeProbability: random.pick([0, 0.002, 0.02]),
    keySpan: random.pick([50, 500, KEY_COUNT]),
    rates: { ...USUAL_RATES, ...RATES_BY_PHASE[subject] },
    closeAfterSteps: subject === 'closing' ? 5 + random.below(100) : undefined,
  };
  return subject === 'recovery' ? { ...temper, concurrencyMax: 64, syncProbability: 0.1, largeProbability: 0 } : temper;
}

function drawStep(
  random: Prng,
  temper: Temper,
  cycle: number,
  counts: { readonly writes: number; readonly checkpoints: number },
): PlannedStep {
  const isAwaited = random.chance(0.5);
  switch (drawRareStep(random, temper)) {
    case 'flush':
      return { kind: 'flush', isAwaited };
    case 'compact':
      return { kind: 'compact', isAwaited };
    case 'sync':
      return { kind: 'sync', isAwaited };
    case 'checkpoint':
      return { kind: 'checkpoint', number: counts.checkpoints, isAwaited };
    case 'load':
      return { kind: 'load', writes: [drawLoad(random, cycle, counts.writes)] };
    case undefined:
      return { kind: 'write', writes: drawWrites(random, temper, cycle, counts.writes), isAwaited };
  }
}

function drawWrites(random: Prng, temper: Temper, cycle: number, firstIndex: number): PlannedWrite[] {
  const count = 1 + random.below(temper.concurrencyMax);
  return Array.from({ length: count }, (_, offset) => drawWrite(random, temper, cycle, firstIndex + offset));
}

function drawRareStep(random: Prng, { rates }: Temper): RareStep | undefined {
  let roll = random.below(1000);
  for (const [kind, rate] of Object.entries(rates) as [RareStep, number][]) {
    if (roll < rate) return kind;
    roll -= rate;
  }
  return undefined;
}

/** A stretch of keys, with holes. */
function drawLoad(random: Prng, cycle: number, index: number): PlannedWrite {
  const keyIds = new Set<number>();
  const first = random.below(KEY_COUNT);
  const span = 2 + random.below(LOAD_RECORDS_MAX);
  for (let offset = 0; offset < span; offset++) {
    if (offset === 0 || random.chance(0.7)) keyIds.add((first + offset) % KEY_COUNT);
  }
  const records = [...keyIds].map((keyId, position): PlannedRecord => {
    const valueBytes = VALUE_BYTES_MIN + random.below(300);
    return { kind: 'put', name: { cycle, write: index, position, keyId, valueBytes } };
  });
  return { index, records, sync: true };
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
