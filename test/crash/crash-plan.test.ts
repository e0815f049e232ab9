import { describe, expect, it } from 'vitest';
import { keyIdOf, keyOf, type PlannedStep, planSteps } from './crash-plan.js';
import { formatName, identifyValue, makeValue } from './crash-value.js';

function firstSteps(seed: number, cycle: number, count: number): PlannedStep[] {
  const steps = planSteps(seed, cycle);
  return Array.from({ length: count }, () => steps.next().value);
}

describe('the crash plan', () => {
  it('is the same for the child that follows it and the parent that judges', () => {
    expect(firstSteps(7, 3, 200)).toEqual(firstSteps(7, 3, 200));
    expect(firstSteps(7, 3, 200)).not.toEqual(firstSteps(7, 4, 200));
    expect(firstSteps(7, 3, 200)).not.toEqual(firstSteps(8, 3, 200));
  });

  it('numbers the writes of a cycle without gaps and touches a key once in a write', () => {
    const writes = firstSteps(1, 1, 300).flatMap((step) => (step.kind === 'write' ? step.writes : []));
    expect(writes.map((write) => write.index)).toEqual(writes.map((_, place) => place));
    for (const { records } of writes) {
      expect(new Set(records.map((record) => record.name.keyId)).size).toBe(records.length);
    }
  });

  it('mixes all kinds of steps', () => {
    const cycles = Array.from({ length: 12 }, (_, cycle) => firstSteps(1, cycle, 300)).flat();
    expect(new Set(cycles.map((step) => step.kind))).toEqual(new Set(['write', 'flush', 'compact', 'sync']));
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
