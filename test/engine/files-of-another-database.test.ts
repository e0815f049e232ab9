import { expect, test } from 'vitest';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { code, DIRECTORY, filesOf, openOn, readWhole, replaceFile } from '../support/test-database.js';
import { verifyOn } from '../support/verify-database.js';

/** Of two such databases all files have the same names and sizes: they differ in their ids, their times and their values. */
async function killedDatabase(id: number): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem();
  const nowMs = () => 1_700_000_000_000 + id;
  const environment = testEnvironment(disk, {
    randomUint32: () => id,
    clock: { nowMs, monotonicMs: () => performance.now() },
  });
  const db = await openWith(DIRECTORY, { walSync: 'fdatasync', blobThreshold: 500, compression: 'none' }, environment);
  for (let i = 0; i < 10; i++) await db.put(`key ${i}`, `${id}`.repeat(i === 5 ? 600 : 10));
  await db.flush();
  await db.put('in the log', `${id}`);
  const killed = disk.clone();
  await db.close();
  return killed;
}

async function withFileOfAnother(ending: string): Promise<{ disk: MemoryFileSystem; file: string }> {
  const disk = await killedDatabase(1);
  const other = await killedDatabase(2);
  const [file] = (await filesOf(disk)).filter((name) => name.includes(ending));
  const bytes = await readWhole(other, file);
  expect(bytes.length).toBe((await readWhole(disk, file)).length);
  await replaceFile(disk, file, bytes);
  return { disk, file };
}

for (const kind of ['.log', 'MANIFEST']) {
  test(`${kind} of another database is damage at open, and no log that was never started`, async () => {
    const { disk } = await withFileOfAnother(kind);
    await expect(openOn(disk)).rejects.toEqual(code('STEME_CORRUPTION'));
  });
}

for (const kind of ['.sst', '.blob']) {
  for (const readMode of ['mmap', 'pread'] as const) {
    test(`${kind} of another database is damage when it is read (${readMode}), though all its checksums hold`, async () => {
      const { disk, file } = await withFileOfAnother(kind);
      const db = await openOn(disk, { readMode });
      const damage = expect.objectContaining({ file: `${DIRECTORY}/${file}` });
      expect(() => db.getSync('key 5')).toThrow(expect.objectContaining({ damage }));
      await db.close();
    });
  }
}

test('with stop-at-damage what is before the log of another database can be read, and that log is kept', async () => {
  const { disk, file } = await withFileOfAnother('.log');
  const db = await openOn(disk, { walRecovery: 'stop-at-damage' });
  expect(db.getSync('key 1')?.toString()).toBe('1111111111');
  expect(db.getSync('in the log')).toBeUndefined();
  await db.close();
  expect(await filesOf(disk, '.damaged')).toEqual([`${file}.damaged`]);
});

for (const kind of ['.sst', '.blob']) {
  test(`verify says that a ${kind} is of another database`, async () => {
    const { disk, file } = await withFileOfAnother(kind);
    const report = await verifyOn(disk);
    const finding = { file, problem: expect.stringMatching(/database.* 2$/) };
    expect(report.findings).toContainEqual(expect.objectContaining(finding));
  });
}
