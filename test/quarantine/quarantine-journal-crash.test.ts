import { describe, expect, it } from 'vitest';
import { KIB } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { CRASH_STEPS, crashAtEveryStep } from '../../src/fs/crash-at-every-step.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import type { QuarantineJournal } from '../../src/quarantine/quarantine-journal.js';
import { memoryWith } from '../log/log-bytes.js';
import { draftOf, openJournal, payloadsOf, removeUpTo } from './journal-rig.js';

const TENANTS = ['a', 'B', 'x'.repeat(200)];

/** What the application knows: by tenant, what was handed in, in order, and what was acknowledged or may have been removed. */
class History {
  readonly appended = new Map<string, string[]>();
  readonly acknowledged = new Map<string, Set<string>>();
  /** Of each tenant so many from the first one on may be gone. */
  readonly removedMax = new Map<string, number>();

  snapshot(): History {
    return structuredClone({ ...this, snapshot: undefined }) as unknown as History;
  }
}

async function appendTo(journal: QuarantineJournal, history: History, tenant: string, payload: string): Promise<void> {
  history.appended.set(tenant, [...(history.appended.get(tenant) ?? []), payload]);
  await journal.append(draftOf(tenant, payload));
  history.acknowledged.set(tenant, new Set([...(history.acknowledged.get(tenant) ?? []), payload]));
}

/** Appends, moves, removes, reopens: everything that writes a file. */
async function workload(fileSystem: FileSystem, history: History, seed: number): Promise<void> {
  const prng = new Prng(seed);
  let counter = 0;
  for (let life = 0; life < 3; life++) {
    const { journal } = await openJournal(fileSystem, {
      intakeBytes: 16 * KIB,
      intakeInitialBytes: 16 * KIB,
      segmentBytesMax: 2000,
      openWritersMax: 2,
    });
    for (let step = 0; step < 8; step++) {
      const burst = Array.from({ length: 1 + prng.below(6) }, () => {
        const payload = `${counter++} ${'x'.repeat(prng.below(1500))}`;
        return appendTo(journal, history, TENANTS[prng.below(TENANTS.length)], payload);
      });
      await Promise.all(burst);
      if (prng.below(3) === 0) await journal.settle();
    }
    const tenant = TENANTS[prng.below(TENANTS.length)];
    await journal.settle();
    const kept = await payloadsOf(journal, tenant);
    const gone = (history.appended.get(tenant)?.length ?? 0) - kept.length;
    const removable = prng.below(kept.length + 1);
    history.removedMax.set(tenant, gone + removable);
    if (removable > 0) await removeUpTo(journal, tenant, await numberOf(journal, tenant, removable));
    await journal.close();
  }
}

/** The number of the nth entry that is there. */
async function numberOf(journal: QuarantineJournal, tenant: string, nth: number): Promise<number> {
  const numbers: number[] = [];
  const everything = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, id: undefined, afterEntry: 0 };
  for await (const event of journal.read(tenant, everything))
    if (event.kind === 'entry') numbers.push(event.entry.number);
  return numbers[nth - 1];
}

async function check(survivor: FileSystem, expected: History): Promise<void> {
  const { journal, warnings } = await openJournal(survivor, { intakeBytes: 16 * KIB, segmentBytesMax: 2000 });
  expect(journal.damages).toEqual([]);
  for (const when of ['at once', 'from segments']) {
    for (const tenant of TENANTS) {
      expectHonest(await payloadsOf(journal, tenant), expected, tenant, when);
      // law 6: what a crash tears is no damage.
      expect(await journal.damagesOf(tenant)).toEqual([]);
    }
    await journal.settle();
  }
  const { number } = await journal.append(draftOf('a', 'after the crash'));
  expect(number).toBeGreaterThan(0);
  expect((await payloadsOf(journal, 'a')).at(-1)).toBe('after the crash');
  await journal.close();
  expect(warnings).toEqual([]);
}

function expectHonest(found: readonly string[], expected: History, tenant: string, when: string): void {
  const appended = expected.appended.get(tenant) ?? [];
  const acknowledged = expected.acknowledged.get(tenant) ?? new Set();
  const removedMax = expected.removedMax.get(tenant) ?? 0;
  const places = found.map((payload) => appended.indexOf(payload));
  // Nothing that was not appended, nothing twice, all in order.
  for (let i = 0; i < places.length; i++) {
    if (places[i] === -1 || (i > 0 && places[i] <= places[i - 1])) throw new Error(`${when}: ${tenant} has ${places}`);
  }
  const present = new Set(found);
  appended.forEach((payload, place) => {
    if (place >= removedMax && acknowledged.has(payload) && !present.has(payload)) {
      throw new Error(`${when}: entry ${place} of ${tenant} is lost; there are ${places}`);
    }
  });
}

describe('a quarantine journal that crashes', () => {
  it.each([true, false])(
    'at any step loses nothing, invents nothing, and has nothing twice (direct: %s)',
    async (direct) => {
      for (let seed = 1; seed <= 3; seed++) {
        const disk = new MemoryFileSystem({ direct });
        await disk.makeDirectory('/db');
        disk.syncDirectorySync('/');
        const history = new History();
        const report = await crashAtEveryStep(disk, {
          workload: (fileSystem) => workload(fileSystem, history, seed),
          observe: () => history.snapshot(),
          check: (survivor, expected) => check(survivor, expected),
          steps: new Set([...CRASH_STEPS, 'write', 'open', 'truncate']),
          seed,
        });
        expect(report.crashCount).toBeGreaterThan(100);
      }
    },
  );

  it('after a kill keeps what it hands out, though the machine goes down later', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const disk = new MemoryFileSystem({ direct: false });
      await disk.makeDirectory('/db');
      disk.syncDirectorySync('/');
      const history = new History();
      const first = await openJournal(disk, { intakeBytes: 16 * KIB });
      for (let i = 0; i < 12; i++) await appendTo(first.journal, history, TENANTS[i % 2], `${i}`);
      // Killed while it writes to the segments: what they have is in the page cache.
      const settling = first.journal.settle();
      for (let turn = 0; turn < seed; turn++) await new Promise((resolve) => setImmediate(resolve));
      const killed = disk.clone();
      await settling;
      const second = await openJournal(killed);
      await second.journal.settle();
      const found = await Promise.all(TENANTS.map((tenant) => payloadsOf(second.journal, tenant)));
      const third = await openJournal(killed.crashClone(seed));
      expect(await Promise.all(TENANTS.map((tenant) => payloadsOf(third.journal, tenant)))).toEqual(found);
      expect(found.flat()).toHaveLength(12);
      for (const { journal } of [first, second, third]) await journal.close();
    }
  });

  it('after a kill sees to the names of what it goes on with', async () => {
    const disk = await memoryWith({});
    let killed: MemoryFileSystem | undefined;
    const fileSystem = interceptFileSystem(disk, ({ kind, path }) => {
      if (kind === 'syncDirectory' && path.endsWith('/quarantine/a')) killed ??= disk.clone();
    });
    const first = await openJournal(fileSystem);
    await first.journal.append(draftOf('a', 'one'));
    await first.journal.close();
    const survivor = killed ?? disk;
    const second = await openJournal(survivor);
    // So that the intake file that has the first one is given back.
    await second.journal.append(draftOf('b', 'two'));
    await second.journal.close();
    for (let seed = 1; seed <= 10; seed++) {
      const third = await openJournal(survivor.crashClone(seed));
      expect(await payloadsOf(third.journal, 'a')).toEqual(['one']);
      await third.journal.close();
    }
  });

  it('while it recovers is recovered again to the same', async () => {
    const disk = await memoryWith({});
    const history = new History();
    const first = await openJournal(disk, { intakeBytes: 16 * KIB });
    for (let i = 0; i < 40; i++) await appendTo(first.journal, history, TENANTS[i % 3], `${i} ${'x'.repeat(900)}`);
    const crashed = disk.crashClone(3);
    await first.journal.close();
    const report = await crashAtEveryStep(crashed, {
      workload: async (fileSystem) => {
        const { journal } = await openJournal(fileSystem, { segmentBytesMax: 2000 });
        await journal.settle();
        await journal.close();
      },
      observe: () => history.snapshot(),
      check: (survivor, expected) => check(survivor, expected),
      steps: new Set([...CRASH_STEPS, 'write']),
    });
    expect(report.crashCount).toBeGreaterThan(20);
  });
});

describe('a quarantine journal on a disk that fails', () => {
  it('refuses what finds no room, keeps what was there, and goes on when there is room', async () => {
    const disk = await memoryWith({});
    const { journal } = await openJournal(disk, { intakeBytes: 16 * KIB });
    await journal.append(draftOf('a', 'before'));
    await journal.settle();
    disk.capacityBytes = 1;
    const big = 'x'.repeat(2_000_000);
    const refused = await journal.append(draftOf('a', big, { id: 'big' })).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).toMatchObject({
      code: 'STEME_IO',
      message: expect.stringMatching(/takes no entry until there is room/),
    });
    expect(await payloadsOf(journal, 'a')).toEqual(['before']);
    disk.capacityBytes = undefined;
    await journal.append(draftOf('a', 'after'));
    expect(await payloadsOf(journal, 'a')).toEqual(['before', 'after']);
    const reopened = await openJournal(disk.crashClone(1));
    expect(await payloadsOf(reopened.journal, 'a')).toEqual(['before', 'after']);
    await reopened.journal.close();
    await journal.close();
  });

  // law 7
  it('takes no entry after a sync that failed, and says so', async () => {
    const memory = new MemoryFileSystem({ direct: false });
    await memory.makeDirectory('/db');
    const fileSystem = new FaultyFileSystem(memory, [{ kind: 'datasync', path: /\.intake$/, nth: 3, error: 'EIO' }]);
    const { journal } = await openJournal(fileSystem);
    const outcomes: string[] = [];
    for (let i = 0; i < 5; i++) {
      await journal.append(draftOf('a', `${i}`)).then(
        () => outcomes.push(`${i}`),
        (error: { code: string }) => outcomes.push(error.code),
      );
    }
    expect(outcomes.slice(-2)).toEqual(['STEME_BACKGROUND', 'STEME_BACKGROUND']);
    const acknowledged = outcomes.filter((outcome) => outcome !== 'STEME_BACKGROUND');
    expect(await payloadsOf(journal, 'a')).toEqual(acknowledged);
    await expect(journal.close()).rejects.toMatchObject({ code: 'STEME_BACKGROUND' });
  });

  it('writes to another segment what one could not take', async () => {
    const memory = await memoryWith({});
    const fileSystem = new FaultyFileSystem(memory, [{ kind: 'datasync', path: /\.segment$/, nth: 3, error: 'EIO' }]);
    const { journal } = await openJournal(fileSystem);
    await journal.append(draftOf('a', 'one'));
    await journal.settle();
    await journal.append(draftOf('a', 'two'));
    await expect(journal.settle()).rejects.toMatchObject({ code: 'STEME_IO' });
    expect(await payloadsOf(journal, 'a')).toEqual(['one', 'two']);
    await journal.settle();
    expect(await payloadsOf(journal, 'a')).toEqual(['one', 'two']);
    const reopened = await openJournal(memory.crashClone(1));
    expect(await payloadsOf(reopened.journal, 'a')).toEqual(['one', 'two']);
    await reopened.journal.close();
    await journal.close();
  });

  it.each(['write', 'datasync', 'open'] as const)(
    'leaves no file behind for each time that a segment could not be begun (%s)',
    async (kind) => {
      const memory = await memoryWith({});
      const fileSystem = new FaultyFileSystem(memory);
      const { journal } = await openJournal(fileSystem);
      await journal.append(draftOf('a', 'one'));
      fileSystem.arm({ kind, path: /\.segment$/, times: Number.POSITIVE_INFINITY, error: 'ENOSPC' });
      for (let i = 0; i < 10; i++) await expect(journal.settle()).rejects.toMatchObject({ code: 'STEME_IO' });
      expect(await segmentsOf(memory)).toEqual([]);
      fileSystem.disarm();
      await journal.settle();
      expect(await payloadsOf(journal, 'a')).toEqual(['one']);
      await journal.close();
    },
  );

  it('removes an empty segment that a crash has left', async () => {
    const memory = await memoryWith({});
    const { journal } = await openJournal(memory);
    await journal.append(draftOf('a', 'one'));
    await journal.close();
    const handle = await memory.open('/db/quarantine/a/000007.segment', 'create');
    await handle.close();
    const reopened = await openJournal(memory);
    expect(await payloadsOf(reopened.journal, 'a')).toEqual(['one']);
    expect(await segmentsOf(memory)).toEqual(['000001.segment']);
    expect(await reopened.journal.damagesOf('a')).toEqual([]);
    await reopened.journal.close();
  });

  it('is closed without room, says so, and has all of it', async () => {
    const memory = await memoryWith({});
    const fileSystem = new FaultyFileSystem(memory);
    const { journal, warnings } = await openJournal(fileSystem);
    await journal.append(draftOf('a', 'one'));
    fileSystem.arm({ kind: 'write', times: Number.POSITIVE_INFINITY, error: 'ENOSPC' });
    await journal.close();
    expect(warnings).toMatchObject([{ code: 'STEME_IO', message: expect.stringContaining('durable there') }]);
    const reopened = await openJournal(memory);
    expect(await payloadsOf(reopened.journal, 'a')).toEqual(['one']);
    await reopened.journal.close();
  });
});

async function segmentsOf(disk: MemoryFileSystem): Promise<string[]> {
  return (await disk.list('/db/quarantine/a')).filter((name) => name.endsWith('.segment'));
}
