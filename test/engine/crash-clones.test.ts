import { describe, expect, it } from 'vitest';
import { LyingFileSystem } from '../../src/fs/lying-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { runCrashes } from '../support/crash-workload.js';

/** More of them: STEME_SEEDS=1000 npx vitest run test/engine/crash-clones. From another one: STEME_SEED=31. */
const SEED_COUNT = Number(process.env.STEME_SEEDS ?? 30);
const FIRST_SEED = Number(process.env.STEME_SEED ?? 1);
const MINUTE_MS = 60_000;

async function runSeed(seed: number, wrap?: Parameters<typeof runCrashes>[2]): Promise<number> {
  try {
    return (await runCrashes(seed, () => new MemoryFileSystem(), wrap)).crashCount;
  } catch (cause) {
    const again = `STEME_SEED=${seed} STEME_SEEDS=1 npx vitest run test/engine/crash-clones`;
    throw new Error(`seed ${seed} failed (${again}): ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

// laws 1, 2, 4, 6, 9
describe('a database that crashes at any moment', () => {
  it(
    'has all that was acknowledged, batches whole, nothing invented, in order, and crashes again as well',
    async () => {
      let crashCount = 0;
      for (let seed = FIRST_SEED; seed < FIRST_SEED + SEED_COUNT; seed++) crashCount += await runSeed(seed);
      expect(crashCount).toBeGreaterThan(SEED_COUNT);
    },
    MINUTE_MS + SEED_COUNT * 5000,
  );

  it('is caught by these checks when its disk does not sync (canary)', async () => {
    let caughtCount = 0;
    for (let seed = 1; seed <= 4; seed++) {
      await runSeed(seed, (disk) => new LyingFileSystem(disk)).catch(() => caughtCount++);
    }
    expect(caughtCount).toBe(4);
  });
});
