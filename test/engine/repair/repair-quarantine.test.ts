import { beforeEach, describe, expect, it } from 'vitest';
import { SimulatedTime } from '../../../src/base/simulated-time.js';
import type { Database } from '../../../src/engine/api.js';
import { crashAtEveryStep } from '../../../src/fs/crash-at-every-step.js';
import type { FileSystem } from '../../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../../src/fs/memory-file-system.js';
import { openForTest } from '../../../src/testing.js';
import { readFile, writeFile } from '../../log/log-bytes.js';
import { draftOf, openJournal } from '../../quarantine/journal-rig.js';
import { repairOn } from '../../support/repair-rig.js';
import { DIRECTORY, filesOf, withDatabase } from '../../support/test-database.js';
import { verifyOn } from '../../support/verify-database.js';

const ROOT = `${DIRECTORY}/quarantine`;
const LONG = 'Ω'.repeat(200);
const REPLAYED = ['a 3', 'a 4', 'a 12'];

let disk: MemoryFileSystem;

/** Twenty entries of a tenant in segments of seven, of which three are replayed; three of another tenant. */
beforeEach(async () => {
  disk = new MemoryFileSystem();
  await withDatabase(disk, {}, (db) => db.put('key', '1'));
  const { journal } = await openJournal(disk, { segmentBytesMax: 800, databaseId: 1 });
  for (let i = 0; i < 20; i++) {
    await journal.append(draftOf('a', `payload ${i}`, { id: `a ${i}` }));
    if (i < 3) await journal.append(draftOf(LONG, `payload ${i}`, { id: `long ${i}` }));
    await journal.settle();
  }
  await journal.close();
  await withDatabase(disk, {}, async (db) => {
    for (const id of REPLAYED) await replay(db, id);
  });
  // Intake files that are gone do not come back.
  disk.syncDirectorySync(ROOT);
});

function replay(db: Database, id?: string): Promise<unknown> {
  const filter = id === undefined ? {} : { tenant: 'a', id };
  return db.quarantine.replay(filter, (record) => ({ type: 'put', key: record.id, value: '' }));
}

async function idsOf(fileSystem: FileSystem, includeReplayed = false): Promise<string[]> {
  return withDatabase(fileSystem, {}, async (db) => {
    const ids: string[] = [];
    for await (const { id } of db.quarantine.list({ includeReplayed })) ids.push(id);
    return ids;
  });
}

function flip(path: string, at: number, fileSystem: FileSystem = disk): void {
  const bytes = readFile(fileSystem, path);
  bytes[at] ^= 0x10;
  writeFile(fileSystem, path, bytes);
}

const ALL = [...Array.from({ length: 20 }, (_, i) => `a ${i}`), 'long 0', 'long 1', 'long 2'];
const without = (...ids: string[]): string[] => ALL.filter((id) => !ids.includes(id));

/** Repairs, and checks what has to be true then; the report's lines of the quarantine. */
async function repaired(fileSystem: MemoryFileSystem = disk): Promise<string[]> {
  const before = await verifyOn(fileSystem);
  expect(before.isSound).toBe(false);
  const { files, isDamaged } = await repairOn(fileSystem);
  expect(isDamaged).toBe(true);
  expect(await verifyOn(fileSystem)).toMatchObject({ isSound: true, findings: [] });
  expect(await repairOn(fileSystem)).toMatchObject({ isDamaged: false });
  return files
    .filter(({ kind }) => kind === 'quarantine')
    .map(({ file, outcome, keptEntries, lostEntries }) => `${file} ${outcome} ${keptEntries} ${lostEntries}`);
}

/** New entries wait, under numbers that none has had, and each entry goes to the store once. */
async function expectUsable(fileSystem: MemoryFileSystem): Promise<void> {
  await withDatabase(fileSystem, {}, async (db) => {
    const numbers: number[] = [];
    for await (const { number } of db.quarantine.list({ includeReplayed: true })) numbers.push(number);
    const { number } = await db.quarantine.append('a', 'x', { reason: 'test', id: 'new' });
    expect(number).toBeGreaterThan(Math.max(...numbers));
    const left: string[] = [];
    await db.quarantine.replay({}, ({ id }) => {
      left.push(id);
      return { type: 'put', key: id, value: '' };
    });
    expect(left).toContain('new');
    expect(left.filter((id) => REPLAYED.includes(id))).toEqual([]);
  });
}

describe('a repair of a quarantine', () => {
  it('leaves a sound one as it is, and keeps it when the tree gets another id', async () => {
    expect(await repairOn(disk)).toMatchObject({ isDamaged: false });
    for (const name of await filesOf(disk)) {
      if (name === 'CURRENT' || name.startsWith('MANIFEST')) await disk.remove(`${DIRECTORY}/${name}`);
    }
    expect(await repaired()).toEqual([]);
    expect(await idsOf(disk)).toEqual(without(...REPLAYED));
    expect(await idsOf(disk, true)).toEqual(ALL);
    await expectUsable(disk);
  });

  it('keeps what can be read of a damaged segment, under its numbers', async () => {
    const original = readFile(disk, `${ROOT}/a/000001.segment`);
    flip(`${ROOT}/a/000001.segment`, original.length - 30);
    expect(await repaired()).toEqual(['quarantine/a/000001.segment salvaged 6 1']);
    expect(await idsOf(disk, true)).toEqual(without('a 6'));
    expect(await idsOf(disk)).toEqual(without('a 6', ...REPLAYED));
    const kept = readFile(disk, `${DIRECTORY}/lost/quarantine.a.000001.segment`);
    expect(kept.length).toBe(original.length);
    await expectUsable(disk);
  });

  it('keeps what stands behind the damage in the segment that is written', async () => {
    flip(`${ROOT}/a/000003.segment`, 150);
    expect(await repaired()).toEqual(['quarantine/a/000003.segment salvaged 5 undefined']);
    expect(await idsOf(disk, true)).toEqual(without('a 14'));
    await expectUsable(disk);
  });

  it('knows what is lost with a segment that is gone, empty, or of somebody else', async () => {
    await disk.remove(`${ROOT}/a/000001.segment`);
    const foreign = (await disk.list(`${ROOT}`)).find((name) => name.startsWith('%%'));
    writeFile(disk, `${ROOT}/a/000002.segment`, Buffer.alloc(0));
    await disk.makeDirectory(`${ROOT}/b`);
    writeFile(disk, `${ROOT}/b/000001.segment`, readFile(disk, `${ROOT}/${foreign}/000001.segment`));
    await disk.makeDirectory(`${ROOT}/Nobody`);
    writeFile(disk, `${ROOT}/Nobody/000001.segment`, readFile(disk, `${ROOT}/a/000003.segment`));
    expect(await repaired()).toEqual([
      'quarantine/a/000002.segment lost 0 7',
      'quarantine/a/000001.segment missing 0 7',
      'quarantine/b/000001.segment lost 0 undefined',
      'quarantine/Nobody/000001.segment lost 0 undefined',
    ]);
    expect(await idsOf(disk, true)).toEqual(without(...Array.from({ length: 14 }, (_, i) => `a ${i}`)));
    await expectUsable(disk);
  });

  it('makes a damaged manifest anew', async () => {
    const length = readFile(disk, `${ROOT}/a/MANIFEST`).length;
    for (const at of [5, 50, 200, length - 40]) {
      const damaged = disk.clone();
      flip(`${ROOT}/a/MANIFEST`, at, damaged);
      if ((await verifyOn(damaged)).isSound) continue;
      expect(await repaired(damaged)).toEqual(['quarantine/a/MANIFEST replaced 0 undefined']);
      expect(await idsOf(damaged, true)).toEqual(ALL);
      await expectUsable(damaged);
    }
  });

  it('brings what can be read of a damaged intake to segments, and goes on behind all numbers', async () => {
    const time = new SimulatedTime(Date.now());
    // Nothing goes to segments by itself while time stands still.
    const db = await openForTest(disk, DIRECTORY, {}, { timers: time });
    for (let i = 0; i < 5; i++) await db.quarantine.append('a', 'x', { reason: 'test', id: `late ${i}` });
    // A mark of an entry that is nowhere but in the intake.
    await replay(db, 'late 4');
    disk = disk.clone();
    await db.close();
    const intake = (await disk.list(ROOT)).filter((name) => name.endsWith('.intake')).at(-1);
    flip(`${ROOT}/${intake}`, 2 * 4096 + 60);
    expect(await repaired()).toEqual([`quarantine/${intake} salvaged 4 undefined`]);
    expect(await disk.list(ROOT)).not.toContain(`${intake}.damaged`);
    expect(await disk.list(`${DIRECTORY}/lost`)).toContain(`quarantine.${intake}`);
    expect((await idsOf(disk, true)).filter((id) => id.startsWith('late'))).toEqual([
      'late 0',
      'late 2',
      'late 3',
      'late 4',
    ]);
    expect(await idsOf(disk)).not.toContain('late 4');
    await expectUsable(disk);
  });

  it('says in a dry run what it would do, and writes nothing', async () => {
    flip(`${ROOT}/a/000001.segment`, 300);
    const before = disk.fingerprint();
    const { files, isDamaged } = await repairOn(disk, { dryRun: true });
    expect(isDamaged).toBe(true);
    expect(files.filter(({ kind }) => kind === 'quarantine')).toMatchObject([{ outcome: 'salvaged', lostEntries: 1 }]);
    expect(disk.fingerprint()).toBe(before);
  });

  it('that a crash cuts short at any step is made again, and comes to the same', async () => {
    flip(`${ROOT}/a/000001.segment`, 300);
    writeFile(disk, `${ROOT}/a/000003.segment`, Buffer.alloc(900));
    flip(`${ROOT}/a/MANIFEST`, 50);
    const whole = disk.clone();
    await repaired(whole);
    const expected = await idsOf(whole, true);
    expect(expected).toEqual(without('a 1', ...Array.from({ length: 6 }, (_, i) => `a ${14 + i}`)));
    const report = await crashAtEveryStep(disk, {
      workload: async (fileSystem) => void (await repairOn(fileSystem)),
      observe: () => expected,
      check: async (survivor, ids) => {
        await repairOn(survivor);
        expect(await verifyOn(survivor)).toMatchObject({ isSound: true, findings: [] });
        expect(await idsOf(survivor, true)).toEqual(ids);
      },
    });
    expect(report.crashCount).toBeGreaterThan(20);
  });
});
