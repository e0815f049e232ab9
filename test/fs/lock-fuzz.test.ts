import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOCK_NAME } from '../../src/base/file-names.js';
import { claimLockFile, readLockHolder } from '../../src/fs/real-lock-file.js';
import { isAlive } from '../../src/fs/real-process.js';
import { fuzzRuns, hostile } from '../support/fuzz.js';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'steme-lock-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const holder = { pid: 4242, startTicks: 17, bootId: 'b', hostname: 'here', openedAt: '2026-11-23T10:00:00.000Z' };
const GOOD = [holder, { ...holder, startTicks: undefined, bootId: undefined }].map((each) => {
  return Buffer.from(`${JSON.stringify(each)}\n`);
});
const FIELDS = fc.record(
  {
    pid: fc.oneof(fc.maxSafeInteger(), fc.double(), fc.string()),
    startTicks: fc.oneof(fc.double(), fc.string()),
    bootId: fc.oneof(fc.string(), fc.integer()),
    hostname: fc.oneof(fc.string(), fc.constant(null)),
    openedAt: fc.oneof(fc.string(), fc.integer()),
  },
  { requiredKeys: [] },
);
const wellFormed = fc.oneof(FIELDS, fc.jsonValue()).map((value) => Buffer.from(JSON.stringify(value)));
/** Longer than any LOCK file, and only then a holder. */
const tooLong = fc.constant(Buffer.concat([Buffer.alloc(5000, ' '), GOOD[0]]));
const contents = fc.oneof({ weight: 4, arbitrary: hostile(GOOD, 5000) }, { weight: 4, arbitrary: wellFormed }, tooLong);

describe('a LOCK file of any content', () => {
  it('names a process, of which can be asked whether it lives, or nobody', async () => {
    const property = fc.asyncProperty(contents, async (content) => {
      writeFileSync(join(directory, LOCK_NAME), content);
      const found = await readLockHolder(directory);
      if (found === undefined) return;
      expect(content.length).toBeLessThanOrEqual(5100);
      expect(Number.isSafeInteger(found.pid) && found.pid >= 1).toBe(true);
      expect(typeof isAlive(found, Date.parse(found.openedAt))).toBe('boolean');
    });
    await fc.assert(property, fuzzRuns(500));
  });

  it('keeps no opener out, unless its holder lives', async () => {
    const property = fc.asyncProperty(contents, async (content) => {
      writeFileSync(join(directory, LOCK_NAME), content);
      const file = await claimLockFile(directory, () => false);
      expect(await readLockHolder(directory)).toMatchObject({ pid: process.pid });
      await file.remove();
    });
    await fc.assert(property, fuzzRuns(100));
  });
});
