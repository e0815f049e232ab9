import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../cli/cli-harness.js';
import { type QuarantineCycleResult, QuarantineCycles } from './quarantine-cycle.js';
import { QUARANTINE_SABOTAGE_FINDING, type QuarantineSabotage } from './quarantine-protocol.js';

const SEED = 1;
const CYCLES = 3;
/** A life takes about a second, but a machine may have much else to do. */
const HANG_MS = 180_000;

async function startCycles(sabotage?: QuarantineSabotage): Promise<QuarantineCycles> {
  const directory = join(await temporaryDirectory(), 'db');
  const cycles = new QuarantineCycles({ directory, seed: SEED, ...(sabotage !== undefined && { sabotage }) });
  onTestFinished(() => cycles.stop());
  return cycles;
}

// laws 1, 2, 9
it('a quarantine whose process is killed again and again loses, invents and doubles nothing', {
  timeout: HANG_MS,
}, async () => {
  const cycles = await startCycles();
  const results: QuarantineCycleResult[] = [];
  for (let cycle = 0; cycle < CYCLES; cycle++) results.push(await cycles.run(cycle));
  for (const { verdict, problems } of results) {
    expect({ ...verdict, problems }).toEqual({ lost: [], invented: [], doubled: [], torn: [], problems: [] });
  }
  expect(results.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBeGreaterThan(0);
});

it('an entry that is acknowledged too early is noticed', { timeout: HANG_MS }, async () => {
  const cycles = await startCycles('early-ack');
  for (let cycle = 0; ; cycle++) {
    expect(cycle).toBeLessThan(20);
    const { verdict } = await cycles.run(cycle);
    if (verdict[QUARANTINE_SABOTAGE_FINDING['early-ack']].length > 0) break;
  }
});
