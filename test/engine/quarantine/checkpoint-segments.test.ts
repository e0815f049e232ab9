import { describe, expect, it } from 'vitest';
import { KIB } from '../../../src/base/limits.js';
import { Prng } from '../../../src/base/prng.js';
import { CheckpointFiles } from '../../../src/engine/checkpoint-files.js';
import { checkpointQuarantine } from '../../../src/engine/quarantine/checkpoint-quarantine.js';
import { CRASH_STEPS, crashAtEveryStep } from '../../../src/fs/crash-at-every-step.js';
import type { FileSystem } from '../../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../../src/fs/memory-file-system.js';
import type { QuarantineJournal } from '../../../src/quarantine/quarantine-journal.js';
import { draftOf, entriesOf, openJournal, payloadsOf, removeUpTo, START_MS } from '../../quarantine/journal-rig.js';

const TENANTS = ['a', 'B', 'x'.repeat(200)];
const OPTIONS = { segmentBytesMax: 1500, intakeBytes: 16 * KIB, openWritersMax: 2 };

async function emptyDisk(): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem();
  for (const directory of ['/db', '/copy']) await disk.makeDirectory(directory);
  disk.syncDirectorySync('/');
  return disk;
}

/** Makes a copy under `/copy`, its names durable, as a checkpoint does. */
async function copyTo(fileSystem: FileSystem, journal: QuarantineJournal): Promise<void> {
  const files = new CheckpointFiles(fileSystem, '/copy', {}, new AbortController().signal);
  const nowMs = (): number => START_MS;
  await checkpointQuarantine({ fileSystem, journal, directory: '/db', isReadOnly: false, nowMs, files });
  await fileSystem.syncDirectory('/copy');
}

async function appendTo(journal: QuarantineJournal, tenant: string, payload: string): Promise<void> {
  await journal.append(draftOf(tenant, payload.padEnd(400, '.')));
}

async function namesOf(journal: QuarantineJournal, tenant: string): Promise<string[]> {
  return (await payloadsOf(journal, tenant)).map((payload) => payload.replace(/\.+$/, ''));
}

describe('segments that a checkpoint shares', () => {
  // With twelve entries the last segment is full, and nobody writes it any more; with eleven it is being written.
  it.each([11, 12])('are written by neither, whatever is lost of the manifests (of %d entries)', async (count) => {
    for (const lost of [[], ['/copy'], ['/db'], ['/copy', '/db']]) {
      const disk = await emptyDisk();
      const first = await openJournal(disk, OPTIONS);
      for (let i = 0; i < count; i++) await appendTo(first.journal, 'a', `${i}`);
      await copyTo(disk, first.journal);
      await first.journal.close();
      for (const directory of lost) await disk.remove(`${directory}/quarantine/a/MANIFEST`);
      const shared = Array.from({ length: count }, (_, i) => `${i}`);
      const directories = ['/db', '/copy'];
      for (const directory of directories) {
        const { journal } = await openJournal(disk, { ...OPTIONS, directory });
        for (let i = 0; i < 5; i++) await appendTo(journal, 'a', `${directory} ${i}`);
        await journal.close();
      }
      for (const directory of directories) {
        const { journal, warnings } = await openJournal(disk, { ...OPTIONS, directory });
        const own = Array.from({ length: 5 }, (_, i) => `${directory} ${i}`);
        expect(await namesOf(journal, 'a')).toEqual([...shared, ...own]);
        expect(await journal.damagesOf('a')).toEqual([]);
        expect(warnings).toEqual([]);
        await journal.close();
      }
    }
  });

  it('are in the manifest of the copy, so that a look-up opens none in vain', async () => {
    const disk = await emptyDisk();
    const { journal } = await openJournal(disk, OPTIONS);
    for (let i = 0; i < 8; i++) await appendTo(journal, 'a', `${i}`);
    await copyTo(disk, journal);
    await journal.close();
    const copy = await openJournal(disk, { ...OPTIONS, directory: '/copy' });
    const before = copy.journal.segmentOpens;
    expect(await payloadsOf(copy.journal, 'a', { id: 'nowhere' })).toEqual([]);
    expect(copy.journal.segmentOpens).toBe(before);
    await copy.journal.close();
  });
});

describe('a copy of a quarantine that goes on', () => {
  it('is whole once it is made, wherever the machine goes down, and so is the original', async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const disk = await emptyDisk();
      const history = { acknowledged: [] as string[], copied: undefined as string[] | undefined };
      const report = await crashAtEveryStep(disk, {
        workload: (fileSystem) => workload(fileSystem, history, seed),
        observe: () => structuredClone(history),
        check: check,
        steps: new Set([...CRASH_STEPS, 'write']),
        seed,
      });
      expect(report.crashCount).toBeGreaterThan(100);
    }
  });

  async function workload(
    fileSystem: FileSystem,
    history: { acknowledged: string[]; copied: string[] | undefined },
    seed: number,
  ): Promise<void> {
    const prng = new Prng(seed);
    const { journal } = await openJournal(fileSystem, OPTIONS);
    const append = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const tenant = TENANTS[prng.below(TENANTS.length)];
        const name = `${tenant[0]}${history.acknowledged.length}.${i}`;
        await appendTo(journal, tenant, name);
        history.acknowledged.push(name);
      }
    };
    await append(15);
    const release = journal.hold();
    const before = [...history.acknowledged];
    // What goes while it is held is in the copy.
    const [last] = (await entriesOf(journal, 'a')).slice(-3);
    const removing = async (): Promise<void> => {
      await journal.settle();
      await removeUpTo(journal, 'a', last?.number ?? 0);
    };
    await Promise.all([copyTo(fileSystem, journal), append(10), removing()]);
    history.copied = before;
    await release();
    await append(5);
    await journal.close();
  }

  async function check(
    survivor: MemoryFileSystem,
    { acknowledged, copied }: { acknowledged: string[]; copied: string[] | undefined },
  ): Promise<void> {
    // Of the original only tenant `a` has lost something, by a removal.
    await expectHeld(
      survivor,
      '/db',
      acknowledged.filter((name) => !name.startsWith('a')),
    );
    if (copied !== undefined) await expectHeld(survivor, '/copy', copied);
  }

  async function expectHeld(survivor: FileSystem, directory: string, names: readonly string[]): Promise<void> {
    const { journal, warnings } = await openJournal(survivor, { ...OPTIONS, directory });
    const found: string[] = [];
    for (const tenant of TENANTS) {
      const numbers = (await entriesOf(journal, tenant)).map(({ number }) => number);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      expect(await journal.damagesOf(tenant)).toEqual([]);
      found.push(...(await namesOf(journal, tenant)));
      const { number } = await journal.append(draftOf(tenant, 'new'));
      expect(number).toBeGreaterThan(Math.max(0, ...numbers));
    }
    expect(names.filter((name) => !found.includes(name))).toEqual([]);
    expect(warnings).toEqual([]);
    await journal.close();
  }
});
