import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  expiresOnTime,
  failsOnALyingDisk,
  survivesAFailedSync,
  survivesAFullDisk,
  survivesEveryCrash,
} from './worked-example.js';

const root = join(import.meta.dirname, '../..');

describe('the worked example of docs/testing.md', () => {
  it('is the code that runs here', () => {
    const page = readFileSync(join(root, 'docs/testing.md'), 'utf8');
    const code = readFileSync(join(import.meta.dirname, 'worked-example.ts'), 'utf8')
      .replace("'../../src/index.js'", "'stemedb'")
      .replace("'../../src/testing.js'", "'stemedb/testing'");
    expect(page).toContain(`\`\`\`ts\n${code}\`\`\``);
  });

  it('survives every crash', async () => {
    for (const seed of [1, 2]) expect(await survivesEveryCrash(seed)).toBe(60);
  });

  it.each([
    ['fails on a disk that lies', failsOnALyingDisk],
    ['survives a full disk', survivesAFullDisk],
    ['survives a failed sync', survivesAFailedSync],
    ['expires on time', expiresOnTime],
  ])('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
