import { describe, expect, it } from 'vitest';
import { runResumes } from '../support/resume-workload.js';

const SEEDS = 12;

// laws 1, 2
describe('a database that is resumed whenever its log or manifest finds no room', () => {
  it(`keeps what it acknowledged and nothing that it refused, crashed at any point of it (${SEEDS} seeds)`, async () => {
    const totals = { resumeCount: 0, refusedCount: 0, crashCount: 0 };
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        const report = await runResumes(seed);
        totals.resumeCount += report.resumeCount;
        totals.refusedCount += report.refusedCount;
        totals.crashCount += report.crashCount;
      } catch (error) {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
    expect(totals.resumeCount).toBeGreaterThan(SEEDS);
    expect(totals.refusedCount).toBeGreaterThan(SEEDS);
    expect(totals.crashCount).toBeGreaterThan(10 * SEEDS);
  });
});
