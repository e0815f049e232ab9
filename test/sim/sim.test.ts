import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { breakSource, CANARIES } from './canaries.js';
import { runCanary } from './run-canary.js';
import { shrink } from './shrink.js';
import { type SimulationReport, simulate, stepsOf } from './simulate.js';
import { Violation } from './violation.js';

const SEEDS = 12;
const QUARANTINE_SEEDS = 6;
/** Of the quarantine two: the rest is for `npm run test:sim -- --focus quarantine`. */
const QUICK_CANARIES = CANARIES.filter(
  ({ name, focus }) =>
    focus === undefined || name === 'intake-given-back-early' || name === 'mark-apart-from-its-record',
);

describe('the engine, simulated', () => {
  it('keeps the laws through every crash of some seeds', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { failure, crashPoints, sameDisks, reopenings } = await simulate({ seed });
      expect({ seed, failure }).toEqual({ seed, failure: undefined });
      expect(crashPoints).toBeGreaterThan(0);
      expect(reopenings).toBeGreaterThanOrEqual(crashPoints - sameDisks);
    }
  });

  it('keeps its quarantine through them', async () => {
    for (let seed = 1; seed <= QUARANTINE_SEEDS; seed++) {
      const { failure, quarantineCrashes } = await simulate({ seed, focus: 'quarantine' });
      expect({ seed, failure }).toEqual({ seed, failure: undefined });
      expect(quarantineCrashes).toBeGreaterThan(0);
    }
  });

  it('is crashed in its recoveries too', async () => {
    expect((await simulate({ seed: 3 })).recoveryCrashes).toBeGreaterThan(0);
  });
});

describe('a simulation', () => {
  it('does the same for the same seed, and something else for another', async () => {
    const first = await simulate({ seed: 7 });
    expect(await simulate({ seed: 7 })).toEqual(first);
    expect((await simulate({ seed: 8 })).traceHash).not.toBe(first.traceHash);
  });

  it('looks at one crash point alone, and at what follows from it', async () => {
    const whole = await simulate({ seed: 3 });
    const counts: number[] = [];
    for (let i = 0, left = whole.crashPoints; left > 0; left -= counts[i++]) {
      counts.push((await simulate({ seed: 3, crashPoint: `${i}` })).crashPoints);
    }
    const withLater = counts.findIndex((count) => count > 2);
    expect(counts.filter((count) => count === 1).length).toBeGreaterThan(0);
    expect((await simulate({ seed: 3, crashPoint: `${withLater}.1` })).crashPoints).toBe(2);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(whole.crashPoints);
  });
});

describe('the shrinker', () => {
  const passed: SimulationReport = {
    traceHash: '',
    crashPoints: 0,
    sameDisks: 0,
    reopenings: 0,
    recoveryCrashes: 0,
    operations: 0,
    quarantined: 0,
    replayed: 0,
    quarantineCrashes: 0,
    failure: undefined,
  };

  it('leaves only the steps that it takes to fail', async () => {
    const ids = stepsOf({ seed: 5 }).map(({ id }) => id);
    const needed = [ids[3], ids[4], ...ids.slice(-1)];
    const shrunk = await shrink({ seed: 5 }, async (simulationCase) => {
      const present = new Set(stepsOf(simulationCase).map(({ id }) => id));
      const isFailing = needed.every((id) => present.has(id));
      const failure = { crashPoint: undefined, violation: new Violation('lost'), moment: undefined };
      return isFailing ? { ...passed, failure } : passed;
    });
    expect(shrunk?.steps.map(({ id }) => id)).toEqual(needed);
  });

  it('has nothing to do where nothing fails', async () => {
    expect(await shrink({ seed: 5 }, async () => passed)).toBeUndefined();
  });
});

describe('a canary', () => {
  it.each(QUICK_CANARIES)('$name is caught, and its failure is replayed', async (canary) => {
    expect(await runCanary(canary, 1, 40)).toMatchObject({ isReplayed: true });
  });

  it.each(CANARIES)('$name breaks what is in the source', async (canary) => {
    const text = await readFile(canary.file, 'utf8');
    expect(breakSource(canary, text)).not.toBe(text);
  });

  it('whose text is not in the source is an error', () => {
    const [canary] = CANARIES;
    expect(() => breakSource(canary, 'something else')).toThrow('stands 0 times');
    expect(() => breakSource(canary, canary.find + canary.find)).toThrow('stands 2 times');
  });
});
