import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import type { Database, Transaction } from '../../src/engine/api.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { settles } from '../support/settles.js';
import { code, entriesOf, openOn } from '../support/test-database.js';

/** More of them: STEME_SEEDS=1000 npx vitest run test/engine/transactions-are. From another one: STEME_SEED=31. */
const SEED_COUNT = Number(process.env.STEME_SEEDS ?? 20);
const FIRST_SEED = Number(process.env.STEME_SEED ?? 1);
const MINUTE_MS = 60_000;

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];
const ROUND_COUNT = 25;
/** At once; all their orders are tried. */
const TRANSACTION_COUNT = 5;

/** What a transaction did, as it saw it. */
type Step =
  | { readonly kind: 'get'; readonly key: string; readonly value: string | undefined }
  | {
      readonly kind: 'scan';
      readonly gte: string;
      readonly lt: string;
      readonly reverse: boolean;
      readonly limit: number;
      readonly entries: string;
    }
  | { readonly kind: 'put'; readonly key: string; readonly value: string }
  | { readonly kind: 'del'; readonly key: string };

interface Committed {
  readonly name: string;
  readonly steps: readonly Step[];
}

function sortedRange(prng: Prng): [string, string] {
  const [a, b] = [prng.pick(KEYS), prng.pick(KEYS)].sort();
  return [a, `${b}~`];
}

/** One random step. Values name the transaction, so that a read tells whose write it saw. */
async function takeStep(tx: Transaction, prng: Prng, name: string, index: number): Promise<Step> {
  const dice = prng.below(10);
  const key = prng.pick(KEYS);
  if (dice < 3) return { kind: 'get', key, value: (await tx.get(key))?.toString() };
  if (dice < 6) {
    const [gte, lt] = sortedRange(prng);
    const reverse = prng.chance(0.5);
    const limit = prng.pick([1, 2, 100]);
    const entries = await scanText(tx, gte, lt, reverse, limit);
    return { kind: 'scan', gte, lt, reverse, limit, entries };
  }
  if (dice < 8) {
    const value = `${name}#${index}`;
    tx.put(key, value);
    return { kind: 'put', key, value };
  }
  tx.del(key);
  return { kind: 'del', key };
}

async function scanText(tx: Transaction, gte: string, lt: string, reverse: boolean, limit: number): Promise<string> {
  await using iterator = tx.iterator({ gte, lt, reverse });
  return (await iterator.nextv(limit)).map(([k, v]) => `${k}=${v}`).join();
}

/** Undefined when it was refused for a conflict. */
async function runOne(db: Database, name: string, prng: Prng): Promise<Committed | undefined> {
  const steps: Step[] = [];
  const run = db.transaction(
    async (tx) => {
      const count = 1 + prng.below(5);
      for (let i = 0; i < count; i++) {
        steps.push(await takeStep(tx, prng, name, i));
        if (prng.chance(0.6)) await nextTurn();
      }
    },
    { sync: prng.chance(0.5) },
  );
  return run.then(
    () => ({ name, steps }),
    (error: unknown) => {
      expect(error).toEqual(code('STEME_CONFLICT'));
      return undefined;
    },
  );
}

function scanModel(model: ReadonlyMap<string, string>, step: Extract<Step, { kind: 'scan' }>): string {
  const inside = [...model].filter(([key]) => key >= step.gte && key < step.lt).sort(([a], [b]) => (a < b ? -1 : 1));
  if (step.reverse) inside.reverse();
  return inside
    .slice(0, step.limit)
    .map(([key, value]) => `${key}=${value}`)
    .join();
}

/** The state after the transaction, or undefined if it would not have seen what it saw. */
function replay(before: ReadonlyMap<string, string>, { steps }: Committed): Map<string, string> | undefined {
  const model = new Map(before);
  for (const step of steps) {
    if (step.kind === 'get' && model.get(step.key) !== step.value) return undefined;
    if (step.kind === 'scan' && scanModel(model, step) !== step.entries) return undefined;
    if (step.kind === 'put') model.set(step.key, step.value);
    if (step.kind === 'del') model.delete(step.key);
  }
  return model;
}

/** Whether `committed` in some order, one after another from `before`, would have seen what they saw and left `after`. */
function hasSerialOrder(
  before: ReadonlyMap<string, string>,
  committed: readonly Committed[],
  after: ReadonlyMap<string, string>,
): boolean {
  if (committed.length === 0) return before.size === after.size && [...before].every(([k, v]) => after.get(k) === v);
  return committed.some((next, index) => {
    const model = replay(before, next);
    return model !== undefined && hasSerialOrder(model, committed.toSpliced(index, 1), after);
  });
}

interface Tally {
  committed: number;
  refused: number;
}

async function runSeed(seed: number, tally: Tally): Promise<void> {
  const prng = new Prng(seed);
  await using db = await openOn(new MemoryFileSystem(), { memtableBytes: 4096 });
  let before = new Map<string, string>();
  for (let round = 0; round < ROUND_COUNT; round++) {
    const runs = Array.from({ length: TRANSACTION_COUNT }, (_, i) =>
      runOne(db, `${round}.${i}`, new Prng(prng.nextUint32())),
    );
    if (prng.chance(0.3)) await db.flush();
    if (prng.chance(0.1)) await db.compact();
    const outcomes = await settles('a round of transactions', Promise.all(runs));
    const committed = outcomes.filter((outcome) => outcome !== undefined);
    const after = new Map(await entriesOf(db));
    if (!hasSerialOrder(before, committed, after)) {
      throw new Error(`round ${round} has no serial order: ${JSON.stringify({ before: [...before], committed })}`);
    }
    tally.committed += committed.length;
    tally.refused += outcomes.length - committed.length;
    before = after;
  }
}

it(
  'transactions that run at the same time leave what some order of them, one after another, would have left, and saw it',
  async () => {
    const tally: Tally = { committed: 0, refused: 0 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEED_COUNT; seed++) {
      const again = `STEME_SEED=${seed} STEME_SEEDS=1 npx vitest run test/engine/transactions-are`;
      await runSeed(seed, tally).catch((cause: unknown) => {
        throw new Error(`seed ${seed} failed (${again}): ${cause}`, { cause });
      });
    }
    // Most get through, and there was something to refuse.
    expect(tally.committed).toBeGreaterThan(tally.refused);
    expect(tally.refused).toBeGreaterThan(SEED_COUNT);
  },
  MINUTE_MS + SEED_COUNT * 5000,
);
