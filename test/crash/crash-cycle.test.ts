import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../cli/cli-harness.js';
import { CrashCycles, type CycleResult } from './crash-cycle.js';
import { SABOTAGE_FINDING, type Sabotage } from './crash-protocol.js';

/** Of whose first cycles one has a checkpoint and a recovery that are cut off. */
const SEED = 2;

/** A cycle takes less than a second, but a machine may have much else to do. */
const HANG_MS = 180_000;

async function startCycles(sabotage?: Sabotage): Promise<CrashCycles> {
  const directory = join(await temporaryDirectory(), 'db');
  const cycles = await CrashCycles.start({ directory, seed: SEED, ...(sabotage !== undefined && { sabotage }) });
  onTestFinished(() => cycles.stop());
  return cycles;
}

// laws 1, 2, 9
it('a database that is killed again and again loses and invents nothing', { timeout: HANG_MS }, async () => {
  const cycles = await startCycles();
  const results: CycleResult[] = [];
  for (let cycle = 0; cycle < 3; cycle++) results.push(await cycles.run(cycle));
  for (const { verdict, problems } of results) {
    expect({ ...verdict, problems }).toEqual({ lost: [], invented: [], torn: [], gaps: [], problems: [] });
  }
  expect(results.some(({ kills }) => kills.length > 1)).toBe(true);
  expect(results.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBeGreaterThan(0);
});

it.each(['early-ack', 'split-batch'] as const)('%s is noticed', { timeout: HANG_MS }, async (sabotage) => {
  const cycles = await startCycles(sabotage);
  for (let cycle = 0; ; cycle++) {
    expect(cycle).toBeLessThan(20);
    const { verdict } = await cycles.run(cycle);
    if (verdict[SABOTAGE_FINDING[sabotage]].length > 0) break;
  }
});
