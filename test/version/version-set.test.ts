import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { StemeError } from '../../src/base/errors.js';
import type { FileOperation } from '../../src/fs/file-operation.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { VersionSet } from '../../src/version/version-set.js';
import {
  compactionEdit,
  createSet,
  DIRECTORY,
  flushEdit,
  recoverSet,
  SMALL_MANIFEST_BYTES,
  stateOf,
} from './scenario.js';
import { added, edit, numbersOf, table } from './tables.js';

const NOTHING_IN_USE = { logNumbers: new Set<number>(), pendingNumbers: new Set<number>() };

let fileSystem: MemoryFileSystem;

beforeEach(async () => {
  fileSystem = new MemoryFileSystem();
  await fileSystem.makeDirectory(DIRECTORY);
});

async function writeFile(name: string, sizeBytes: number): Promise<void> {
  const file = await fileSystem.open(`${DIRECTORY}/${name}`, 'create');
  await file.write(new Uint8Array(sizeBytes), 0);
  await file.close();
}

/** Whether the operation changes the disk or makes a change durable. */
function isChange({ kind, mode }: FileOperation): boolean {
  return mode !== 'read' && !['read', 'size', 'close', 'stat', 'list'].includes(kind);
}

function manifestsIn(names: readonly string[]): string[] {
  return names.filter((name) => name.startsWith('MANIFEST'));
}

describe('creating a version set', () => {
  it('makes a database that exists and has no tables', async () => {
    expect(await VersionSet.exists(fileSystem, DIRECTORY)).toBe(false);
    const set = await createSet(fileSystem);
    expect(await VersionSet.exists(fileSystem, DIRECTORY)).toBe(true);
    expect(set.current.tables()).toEqual([]);
    expect([set.databaseId, set.logNumber, set.lastSequence]).toEqual([0xfeedf00d, 1, 0]);
  });

  it('refuses a directory that has a database', async () => {
    await createSet(fileSystem);
    await expect(createSet(fileSystem)).rejects.toMatchObject({ code: 'STEME_EXISTS' });
  });

  it('refuses to build over tables whose CURRENT was lost', async () => {
    await writeFile('000009.sst', 10);
    await expect(createSet(fileSystem)).rejects.toMatchObject({ code: 'STEME_CORRUPTION' });
    expect(await fileSystem.list(DIRECTORY)).toEqual(['000009.sst']);
  });

  it('starts over where an earlier creation was cut off, with other file numbers', async () => {
    await writeFile('MANIFEST-000002', 10);
    const set = await createSet(fileSystem);
    expect(manifestsIn(await fileSystem.list(DIRECTORY))).toEqual(['MANIFEST-000002', 'MANIFEST-000003']);
    expect(set.takeObsolete()).toEqual({ tables: [], blobs: [], manifests: [2] });
  });
});

describe('applying edits', () => {
  it('brings back after recovery all that was applied', async () => {
    const set = await createSet(fileSystem);
    await set.apply(flushEdit(set));
    await set.apply(flushEdit(set));
    await set.apply(compactionEdit(set));
    await set.apply(flushEdit(set));
    const recovered = await recoverSet(fileSystem);
    expect(stateOf(recovered)).toBe(stateOf(set));
    expect(recovered.current.levels).toEqual(set.current.levels);
    expect(recovered.allocateFileNumber()).toBe(set.allocateFileNumber());
  });

  it('takes edits in the order of the calls, one at a time', async () => {
    const set = await createSet(fileSystem);
    const moved = table(set.allocateFileNumber(), 'a', 'b');
    const down = (level: number) =>
      edit({ ...added(level + 1, moved), deletedTables: [{ level, number: moved.number }] });
    const versions = await Promise.all([set.apply(added(0, moved)), set.apply(down(0)), set.apply(down(1))]);
    expect(versions.map((version) => numbersOf(version).findIndex((level) => level.length > 0))).toEqual([0, 1, 2]);
    expect(set.current).toBe(versions[2]);
    expect(stateOf(await recoverSet(fileSystem))).toBe(stateOf(set));
  });

  it('publishes a version only after it is durable', async () => {
    const seen: number[] = [];
    const watched = interceptFileSystem(fileSystem, ({ kind }) => {
      if (kind === 'write' || kind === 'datasync') seen.push(set.current.tables().length);
    });
    const holder = await createSet(fileSystem);
    await holder.close();
    const set = await recoverSet(watched);
    await set.apply(flushEdit(set));
    await set.apply(flushEdit(set));
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.slice(-2)).toEqual([1, 1]);
    expect(seen.slice(0, -2).every((count) => count === 0)).toBe(true);
  });

  it('never takes the last sequence back, and refuses to take the log number back', async () => {
    const set = await createSet(fileSystem);
    await set.apply(edit({ logNumber: 5, lastSequence: 100 }));
    await set.apply(edit({ lastSequence: 50 }));
    expect(set.lastSequence).toBe(100);
    expect((await recoverSet(fileSystem)).lastSequence).toBe(100);
    await expect(set.apply(edit({ logNumber: 4 }))).rejects.toThrow('log number back');
    expect(set.logNumber).toBe(5);
  });

  it('refuses an edit that does not fit without a mark on the manifest, and goes on', async () => {
    const set = await createSet(fileSystem);
    const number = set.allocateFileNumber();
    await expect(set.apply(edit({ deletedTables: [{ level: 0, number: 99 }] }))).rejects.toThrow('does not exist');
    await expect(set.apply(added(0, table(number + 1, 'a', 'b')))).rejects.toThrow('was allocated');
    await expect(set.apply(edit({ isSnapshot: true }))).rejects.toThrow('snapshot');
    await expect(set.apply(edit({ databaseId: 7 }))).rejects.toThrow('of database 7');
    await set.apply(added(0, table(number, 'a', 'b')));
    expect(stateOf(await recoverSet(fileSystem))).toBe(stateOf(set));
  });

  it('refuses edits after close, and may be closed twice', async () => {
    const set = await createSet(fileSystem);
    const last = set.apply(flushEdit(set));
    await set.close();
    await last;
    await set.close();
    await expect(set.apply(edit({}))).rejects.toMatchObject({ code: 'STEME_CLOSED' });
    expect(stateOf(await recoverSet(fileSystem))).toBe(stateOf(set));
  });
});

describe('on a real disk', () => {
  it('a version set is created, switched and recovered', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
    try {
      const options = { fileSystem: realFileSystem, directory, manifestBytesMax: SMALL_MANIFEST_BYTES };
      const set = await VersionSet.create({ ...options, databaseId: 1, logNumber: 1, nextFileNumber: 2 });
      for (let i = 0; i < 10; i++) await set.apply(flushEdit(set));
      await set.close();
      const recovered = await VersionSet.recover(options);
      expect(stateOf(recovered)).toBe(stateOf(set));
      await recovered.apply(compactionEdit(recovered));
      await recovered.close();
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe('file numbers', () => {
  it('go up by one and can be raised, never lowered', async () => {
    const set = await createSet(fileSystem);
    const first = set.allocateFileNumber();
    set.raiseFileNumber(first + 10);
    expect(set.allocateFileNumber()).toBe(first + 10);
    set.raiseFileNumber(3);
    expect(set.allocateFileNumber()).toBe(first + 11);
  });

  it('are not used again for files that a crash left behind', async () => {
    await (await createSet(fileSystem)).close();
    await writeFile('000123.sst', 10);
    await writeFile('000150.recycled', 10);
    await writeFile('9007199254740991.sst', 10);
    expect((await recoverSet(fileSystem)).allocateFileNumber()).toBe(151);
  });
});

describe('the manifest', () => {
  it('is rolled over into one snapshot when it has grown past its limit', async () => {
    const set = await createSet(fileSystem, SMALL_MANIFEST_BYTES);
    for (let i = 0; i < 20; i++) {
      await set.apply(i % 4 === 3 ? compactionEdit(set) : flushEdit(set));
      for (const number of set.takeObsolete().manifests) {
        await fileSystem.remove(`${DIRECTORY}/MANIFEST-${String(number).padStart(6, '0')}`);
      }
      const manifests = manifestsIn(await fileSystem.list(DIRECTORY));
      expect(manifests).toHaveLength(1);
      expect(await fileSystem.statBytes(`${DIRECTORY}/${manifests[0]}`)).toBeLessThan(1200);
      expect(stateOf(await recoverSet(fileSystem))).toBe(stateOf(set));
    }
    expect(manifestsIn(await fileSystem.list(DIRECTORY))).not.toEqual(['MANIFEST-000002']);
  });

  it('is not rolled over for every edit when its snapshot alone is past the limit', async () => {
    const set = await createSet(fileSystem, 1);
    for (let i = 0; i < 64; i++) await set.apply(flushEdit(set));
    expect(manifestsIn(await fileSystem.list(DIRECTORY)).length).toBeLessThan(10);
  });

  it('holds a snapshot longer than one log frame', async () => {
    const set = await createSet(fileSystem);
    const tables = Array.from({ length: 40 }, () =>
      table(set.allocateFileNumber(), 'a'.repeat(40_000), 'z'.repeat(40_000)),
    );
    await set.apply(added(0, ...tables));
    await set.close();
    const reopened = await recoverSet(fileSystem);
    await reopened.apply(flushEdit(reopened));
    expect(stateOf(await recoverSet(fileSystem))).toBe(stateOf(reopened));
    expect(reopened.current.tables()).toHaveLength(41);
  });

  it('is left alone by recovery, and followed by a new one at the first edit', async () => {
    await (await createSet(fileSystem)).close();
    const writes: string[] = [];
    const watched = interceptFileSystem(fileSystem, (operation) => {
      if (isChange(operation)) writes.push(`${operation.kind} ${operation.path}`);
    });
    const set = await recoverSet(watched);
    await set.verifyTables();
    expect(writes).toEqual([]);
    await set.apply(edit({}));
    expect(manifestsIn(await fileSystem.list(DIRECTORY))).toEqual(['MANIFEST-000002', 'MANIFEST-000003']);
    expect(set.takeObsolete().manifests).toEqual([2]);
  });
});

describe('obsolete files', () => {
  it('are handed over once no referenced version has them, each once', async () => {
    const set = await createSet(fileSystem);
    const held = await set.apply(flushEdit(set));
    held.retain();
    const [{ number }] = held.tables();
    const merged = await set.apply(compactionEdit(set));
    expect(set.takeObsolete().tables).toEqual([]);
    expect(set.liveTableNumbers()).toEqual(new Set([number, merged.tables()[0].number]));
    expect(held.release()).toBe(true);
    expect(set.takeObsolete().tables).toEqual([number]);
    expect(set.takeObsolete().tables).toEqual([]);
    expect(set.liveTableNumbers()).toEqual(new Set([merged.tables()[0].number]));
  });

  it('do not include a table that only moved to another level', async () => {
    const set = await createSet(fileSystem);
    const moved = table(set.allocateFileNumber(), 'a', 'b');
    await set.apply(added(1, moved));
    await set.apply(edit({ ...added(2, moved), deletedTables: [{ level: 1, number: moved.number }] }));
    expect(set.takeObsolete().tables).toEqual([]);
    await set.apply(edit({ deletedTables: [{ level: 2, number: moved.number }] }));
    expect(set.takeObsolete().tables).toEqual([moved.number]);
  });

  it('do not include the tables of an edit under way', async () => {
    const set = await createSet(fileSystem);
    const change = flushEdit(set);
    const applying = set.apply(change);
    expect(set.liveTableNumbers()).toEqual(new Set([change.addedTables[0].table.number]));
    await applying;
  });

  it('are none before a recovered set has made its own manifest durable', async () => {
    const first = await createSet(fileSystem);
    await first.apply(flushEdit(first));
    await first.close();
    await writeFile('MANIFEST-000900', 10);
    const names = [...(await fileSystem.list(DIRECTORY)), '000001.log', '000005.log', '000800.sst'];
    const early: string[] = [];
    const watched = interceptFileSystem(fileSystem, ({ kind }) => {
      if (kind !== 'close') early.push(...(set?.obsoleteFileNames(names, NOTHING_IN_USE) ?? []));
    });
    let set: VersionSet | undefined;
    set = await recoverSet(watched);
    await set.apply(edit({}));
    expect(early).toEqual([]);
    const pendingNumbers = new Set([800]);
    expect(set.obsoleteFileNames(names, { ...NOTHING_IN_USE, pendingNumbers })).toEqual([
      'MANIFEST-000002',
      'MANIFEST-000900',
      '000001.log',
    ]);
    expect(set.obsoleteFileNames(names, NOTHING_IN_USE)).toContain('000800.sst');
    expect(set.takeObsolete().manifests.sort()).toEqual([2, 900]);
  });
});

describe('a disk that fails', () => {
  interface Failed {
    readonly set: VersionSet;
    readonly outcome: PromiseSettledResult<unknown>;
    readonly before: string;
  }

  /** Recovers a set, applies `editsBefore` edits, and one more during which the `nth` change of the disk fails. */
  async function failAt(nth: number, editsBefore: number): Promise<Failed> {
    fileSystem = new MemoryFileSystem();
    await fileSystem.makeDirectory(DIRECTORY);
    const first = await createSet(fileSystem);
    await first.apply(flushEdit(first));
    await first.close();
    let countdown = Number.POSITIVE_INFINITY;
    const failing = interceptFileSystem(fileSystem, (operation) => {
      if (isChange(operation) && --countdown < 0) throw new StemeError('STEME_IO', 'the disk is gone');
    });
    const set = await recoverSet(failing);
    for (let i = 0; i < editsBefore; i++) await set.apply(flushEdit(set));
    const before = stateOf(set);
    countdown = nth;
    const [outcome] = await Promise.allSettled([set.apply(compactionEdit(set))]);
    countdown = Number.POSITIVE_INFINITY;
    return { set, outcome, before };
  }

  async function expectFinal({ set, outcome, before }: Failed): Promise<void> {
    const error = outcome.status === 'rejected' ? outcome.reason : undefined;
    expect(error).toMatchObject({ code: 'STEME_IO' });
    expect(stateOf(set)).toBe(before);
    await expect(set.apply(edit({}))).rejects.toMatchObject({ code: 'STEME_BACKGROUND', cause: error });
    expect(set.takeObsolete()).toEqual({ tables: [], blobs: [], manifests: [] });
    expect(set.obsoleteFileNames(await fileSystem.list(DIRECTORY), NOTHING_IN_USE)).toEqual([]);
    await set.close();
    const reopened = await recoverSet(fileSystem);
    for (const { number } of reopened.current.tables()) expect(set.liveTableNumbers()).toContain(number);
    await reopened.apply(edit({}));
    expect(stateOf(await recoverSet(fileSystem))).toBe(stateOf(reopened));
  }

  it.each([
    ['an append', 1, 2],
    ['a switch of the manifest', 0, 10],
  ])(
    'makes %s fail for good at any step: nothing published, nothing freed, one whole state left',
    async (_, editsBefore, steps) => {
      let nth = 0;
      for (; ; nth++) {
        const failed = await failAt(nth, editsBefore);
        if (failed.outcome.status === 'fulfilled') break;
        await expectFinal(failed);
      }
      expect(nth).toBe(steps);
    },
  );
});
