import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { measureMachineLimits } from '../../../native-bench/report/machine-limits.js';

test('the limits of the machine are all measured, and leave nothing behind', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const sizes = { sequentialBytes: 2 ** 20, syncs: 2, mapKeys: 1000, roundTrips: 3 };
  // A file system without O_DIRECT leaves its figure out.
  const { sequentialReadMbPerS = 1, ...limits } = await measureMachineLimits(sizes, directory);
  for (const [name, value] of Object.entries({ sequentialReadMbPerS, ...limits })) {
    expect(value, name).toBeGreaterThan(0);
    expect(value, name).toBeLessThan(Number.POSITIVE_INFINITY);
  }
  expect(readdirSync(directory)).toEqual([]);
  rmSync(directory, { recursive: true });
});
