import { describe, expect, it } from 'vitest';
import { MIB } from '../../src/base/limits.js';
import { CRASH_PHASES, UsualTimes } from './crash-phase.js';
import { keyIdOf, keyOf, type PlannedStep, planKills, planOptions, planSteps } from './crash-plan.js';
import { formatName, identifyValue, makeValue } from './crash-value.js';

function firstSteps(seed: number, cycle: number, count: number): PlannedStep[] {
  const steps: PlannedStep[] = [];
  for (const step of planSteps(seed, cycle)) if (steps.push(step) === count) break;
  return steps;
}

describe('the crash plan', () => {
  it('is the same for the child that follows it and the parent that judges', () => {
    expect(firstSteps(7, 3, 200)).toEqual(firstSteps(7, 3, 200));
    expect(firstSteps(7, 3, 200)).not.toEqual(firstSteps(7, 4, 200));
    expect(firstSteps(7, 3, 200)).not.toEqual(firstSteps(8, 3, 200));
  });

  it('numbers the writes of a cycle without gaps and touches a key once in a write', () => {
    const writes = firstSteps(1, 1, 300).flatMap((step) =>
      step.kind === 'write' || step.kind === 'load' ? step.writes : [],
    );
    expect(writes.map((write) => write.index)).toEqual(writes.map((_, place) => place));
    for (const { records } of writes) {
      expect(new Set(records.map((record) => record.name.keyId)).size).toBe(records.length);
    }
  });

  it('mixes all kinds of steps', () => {
    const cycles = Array.from({ length: 30 }, (_, cycle) => firstSteps(1, cycle, 300)).flat();
    const kinds = ['write', 'load', 'checkpoint', 'flush', 'compact', 'sync', 'close'];
    expect(new Set(cycles.map((step) => step.kind))).toEqual(new Set(kinds));
    const writes = cycles.flatMap((step) => (step.kind === 'write' ? step.writes : []));
    expect(new Set(writes.map((write) => write.sync))).toEqual(new Set([true, false]));
    expect(writes.some((write) => write.records.length === 1)).toBe(true);
    expect(writes.some((write) => write.records.length > 40)).toBe(true);
  });

  it('gives every key number its own key', () => {
    const keys = Array.from({ length: 3000 }, (_, keyId) => keyOf(keyId));
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.map(keyIdOf)).toEqual(keys.map((_, keyId) => keyId));
  });
});

describe('the plan of kills', () => {
  const plans = Array.from({ length: 200 }, (_, cycle) => planKills(5, cycle));

  it('is the same for the same seed and cycle', () => {
    expect(plans).toEqual(plans.map((_, cycle) => planKills(5, cycle)));
    expect(plans).not.toEqual(plans.map((_, cycle) => planKills(6, cycle)));
  });

  it('aims at every phase, and several times in a row at a recovery', () => {
    const aims = plans.flatMap(({ writer, recoveries }) => [writer, ...recoveries]);
    expect(new Set(aims.map(({ phase }) => phase))).toEqual(new Set(CRASH_PHASES));
    expect(plans.some(({ recoveries }) => recoveries.length > 2)).toBe(true);
    expect(aims.every(({ occurrence, fraction }) => occurrence >= 1 && fraction >= 0 && fraction <= 1)).toBe(true);
  });

  it('has a close at the end of the steps where the writer is to die in one, and nowhere else', () => {
    plans.slice(0, 60).forEach(({ writer, recoveries }, cycle) => {
      const closes = firstSteps(5, cycle, 200).at(-1)?.kind === 'close';
      expect(closes, `cycle ${cycle}`).toBe(writer.phase === 'closing');
      if (recoveries.length > 1) expect(planOptions(5, cycle).memtableBytes).toBeGreaterThan(4 * MIB);
    });
  });
});

describe('the usual time of a phase', () => {
  const aim = { phase: 'flush', occurrence: 1, fraction: 0.5 } as const;

  it('follows what was seen, to the end or to the kill', () => {
    const times = new UsualTimes();
    for (let run = 0; run < 30; run++) times.learn('flush', 100);
    expect(times.delayMs(aim)).toBeCloseTo(50);
    for (let run = 0; run < 30; run++) times.learnAtLeast('flush', 40);
    expect(times.delayMs(aim)).toBeCloseTo(50);
    for (let run = 0; run < 30; run++) times.learnAtLeast('flush', 200);
    expect(times.delayMs(aim)).toBeGreaterThan(90);
  });
});

describe('the values of the crash harness', () => {
  const name = { cycle: 3, write: 14, position: 2, keyId: 1592, valueBytes: 5000 };

  it('are recognized by nothing but themselves', () => {
    const value = makeValue(name);
    expect(identifyValue(value, name.keyId)).toBe(formatName(name));
    expect(identifyValue(value, name.keyId + 1)).toBeUndefined();
    expect(identifyValue(value.subarray(0, -1), name.keyId)).toBeUndefined();
    expect(identifyValue(Buffer.alloc(0), name.keyId)).toBeUndefined();
  });

  it('are not recognized after one byte changed, wherever it is', () => {
    for (let at = 0; at < name.valueBytes; at += 97) {
      const value = makeValue(name);
      value[at] ^= 1;
      expect(identifyValue(value, name.keyId)).not.toBe(formatName(name));
    }
  });
});
