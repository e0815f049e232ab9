import type { Prng } from '../../src/base/prng.js';
import type { Options } from '../../src/engine/options.js';
import { optionsOf } from '../support/crash-workload.js';
import {
  drawAdvanceMs,
  drawAppends,
  drawClockChange,
  drawIngest,
  drawPurge,
  drawReplay,
} from './draw-quarantine-steps.js';
import { CONDITION_KEYS, KEYS, type Step, type StepOperation, type StepRange } from './step.js';

type Draw = (prng: Prng, id: number) => Step;

interface Choice {
  readonly weight: number;
  readonly draw: Draw;
}

const CHOICES: readonly Choice[] = [
  { weight: 44, draw: (prng, id) => ({ id, kind: 'write', operations: drawOperations(prng), sync: prng.chance(0.5) }) },
  { weight: 3, draw: drawCompareAndSet },
  {
    weight: 2,
    draw: (prng, id) => ({ id, kind: 'putIfAbsent', conditionKey: drawConditionKey(prng), sync: prng.chance(0.5) }),
  },
  { weight: 3, draw: drawTransaction },
  { weight: 1, draw: drawBulkLoad },
  { weight: 6, draw: (prng, id) => ({ id, kind: 'read', range: drawRange(prng) }) },
  { weight: 2, draw: (prng, id) => ({ id, kind: 'snapshot', slot: prng.below(2) }) },
  { weight: 2, draw: (prng, id) => ({ id, kind: 'iterator', slot: prng.below(2), range: drawRange(prng) }) },
  { weight: 3, draw: (_, id) => ({ id, kind: 'sync' }) },
  { weight: 4, draw: (prng, id) => ({ id, kind: 'flush', isAwaited: prng.chance(0.5) }) },
  { weight: 2, draw: (prng, id) => ({ id, kind: 'compact', isAwaited: prng.chance(0.5) }) },
  { weight: 0.7, draw: (_, id) => ({ id, kind: 'checkpoint' }) },
  { weight: 6, draw: (_, id) => ({ id, kind: 'settle' }) },
  { weight: 16, draw: (prng, id) => ({ id, kind: 'goOn', count: 1 + prng.below(12) }) },
  { weight: 2, draw: (prng, id) => ({ id, kind: 'advance', ms: prng.pick([1, 50, 1000, 60_000]) }) },
  { weight: 2.5, draw: (prng, id) => ({ id, kind: 'reopen', options: drawOptions(prng) }) },
  { weight: 0.6, draw: (prng, id) => ({ id, ...drawAppends(prng) }) },
  { weight: 0.3, draw: (prng, id) => ({ id, ...drawReplay(prng) }) },
  { weight: 0.15, draw: (prng, id) => ({ id, ...drawIngest(prng) }) },
];

/** Nothing expires here: the clock may go backwards. */
const QUARANTINE_CHOICES: readonly Choice[] = [
  { weight: 34, draw: (prng, id) => ({ id, ...drawAppends(prng) }) },
  { weight: 9, draw: (prng, id) => ({ id, ...drawReplay(prng) }) },
  { weight: 5, draw: (prng, id) => ({ id, ...drawIngest(prng) }) },
  { weight: 3, draw: (prng, id) => ({ id, ...drawPurge(prng) }) },
  { weight: 4, draw: (_, id) => ({ id, kind: 'inspect' }) },
  { weight: 12, draw: (prng, id) => ({ id, kind: 'advance', ms: drawAdvanceMs(prng) }) },
  { weight: 1, draw: (prng, id) => ({ id, ...drawClockChange(prng) }) },
  { weight: 16, draw: (prng, id) => ({ id, kind: 'goOn', count: 1 + prng.below(12) }) },
  { weight: 5, draw: (_, id) => ({ id, kind: 'settle' }) },
  { weight: 5, draw: (prng, id) => ({ id, kind: 'reopen', options: drawOptions(prng) }) },
  { weight: 5, draw: (prng, id) => ({ id, kind: 'write', operations: drawLasting(prng), sync: prng.chance(0.5) }) },
  { weight: 1, draw: drawBulkLoad },
  { weight: 2, draw: (prng, id) => ({ id, kind: 'flush', isAwaited: prng.chance(0.5) }) },
  { weight: 1, draw: (prng, id) => ({ id, kind: 'compact', isAwaited: prng.chance(0.5) }) },
  { weight: 0.5, draw: (_, id) => ({ id, kind: 'checkpoint' }) },
];

/** What most steps are about; default: the tree. */
export type Focus = 'quarantine';
export const FOCUSES: readonly Focus[] = ['quarantine'];

export function drawSteps(prng: Prng, count: number, firstId: number, focus: Focus | undefined): Step[] {
  const choices = focus === 'quarantine' ? QUARANTINE_CHOICES : CHOICES;
  const weightSum = choices.reduce((sum, { weight }) => sum + weight, 0);
  return Array.from({ length: count }, (_, i) => drawStep(prng, firstId + i, choices, weightSum));
}

/** Odd ones, so that every path of the engine is short. */
export function drawOptions(prng: Prng): Options {
  return {
    ...optionsOf(prng),
    blobThreshold: prng.pick([0, 1, 64, 4096]),
    tableBytes: prng.pick([4096, 16_384]),
    baseLevelBytes: prng.pick([4096, 16_384]),
    autoCompact: prng.chance(0.7),
    threads: prng.pick([1, 2, 4]),
    snapshotWarningMs: 0,
  };
}

function drawStep(prng: Prng, id: number, choices: readonly Choice[], weightSum: number): Step {
  let dice = (prng.below(1000) / 1000) * weightSum;
  for (const { weight, draw } of choices) {
    dice -= weight;
    if (dice < 0) return draw(prng, id);
  }
  return { id, kind: 'settle' };
}

function drawOperations(prng: Prng): StepOperation[] {
  const count = prng.chance(0.3) ? 2 + prng.below(8) : 1;
  return Array.from({ length: count }, () => drawOperation(prng));
}

function drawLasting(prng: Prng): StepOperation[] {
  return drawOperations(prng).map((operation) => {
    if (operation.type !== 'put') return operation;
    const { type, key, valueBytes } = operation;
    return { type, key, valueBytes };
  });
}

function drawOperation(prng: Prng): StepOperation {
  const key = prng.below(KEYS.length);
  if (prng.chance(0.05)) return { type: 'delRange', key, endKey: key + 1 + prng.below(6) };
  if (prng.chance(0.2)) return { type: 'del', key };
  const valueBytes = drawValueBytes(prng);
  return prng.chance(0.2)
    ? { type: 'put', key, valueBytes, ttlMs: prng.pick([30, 2000, 100_000]) }
    : { type: 'put', key, valueBytes };
}

/** Now and then one that the log has to cut into fragments. */
function drawValueBytes(prng: Prng): number {
  return prng.chance(0.0015) ? 150_000 : prng.pick([0, 10, 100, 700]);
}

function drawRange(prng: Prng): StepRange {
  const key = prng.below(KEYS.length);
  return { key, endKey: key + prng.below(KEYS.length), isReverse: prng.chance(0.5) };
}

function drawConditionKey(prng: Prng): number {
  return prng.below(CONDITION_KEYS.length);
}

function drawCompareAndSet(prng: Prng, id: number): Step {
  const expects = prng.pick(['right', 'right', 'wrong', 'absent'] as const);
  return { id, kind: 'compareAndSet', conditionKey: drawConditionKey(prng), expects, sync: prng.chance(0.5) };
}

function drawTransaction(prng: Prng, id: number): Step {
  const operations = drawOperations(prng);
  const readKey = prng.below(KEYS.length);
  return { id, kind: 'transaction', operations, readKey, isRivalled: prng.chance(0.2), sync: prng.chance(0.5) };
}

function drawBulkLoad(prng: Prng, id: number): Step {
  const keys = KEYS.map((_, index) => index).filter(() => prng.chance(0.3));
  return { id, kind: 'bulkLoad', keys, valueBytes: prng.pick([0, 10, 100, 700]) };
}
