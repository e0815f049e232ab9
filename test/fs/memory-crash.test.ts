import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { allocateSharedMemory } from '../../src/base/shared-memory.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { SECTOR_BYTES } from '../../src/fs/memory-file.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

function contentOf(fileSystem: FileSystem, path: string): Uint8Array {
  const handle = fileSystem.openSync(path, 'read');
  const target = new Uint8Array(handle.sizeBytesSync());
  handle.readSync(target, 0);
  handle.closeSync();
  return target;
}

/** Which of the outcomes the seeds lead to. */
async function outcomes(fileSystem: MemoryFileSystem, look: (crashed: MemoryFileSystem) => string | Promise<string>) {
  const seen = new Set<string>();
  for (const seed of SEEDS) seen.add(await look(fileSystem.crashClone(seed)));
  return [...seen].sort();
}

/** A file of `sizeBytes` ones, durable in content and name. */
function makeDurableFile(fileSystem: MemoryFileSystem, path: string, sizeBytes: number): void {
  const handle = fileSystem.openSync(path, 'create');
  handle.writeSync(new Uint8Array(sizeBytes).fill(1), 0);
  handle.datasyncSync();
  handle.closeSync();
  fileSystem.syncDirectorySync('/');
}

describe('a clone', () => {
  it.each(['clone', 'crashClone'] as const)('is a disk of its own from then on, made by %s', (make) => {
    const fileSystem = new MemoryFileSystem();
    makeDurableFile(fileSystem, '/file', 3000);
    const clones = [1, 2].map((seed) => (make === 'clone' ? fileSystem.clone() : fileSystem.crashClone(seed)));
    const disks = [fileSystem, ...clones];
    const change = (disk: FileSystem, value: number): void => {
      const handle = disk.openSync('/file', 'update');
      handle.writeSync(new Uint8Array(10).fill(value), 100 * value);
      handle.datasyncSync();
    };
    for (const [i, disk] of disks.entries()) change(disk, i + 2);
    void clones[0].openSync('/file', 'update').truncate(1000);
    for (const [i, disk] of disks.entries()) {
      const expected = new Uint8Array(i === 1 ? 1000 : 3000).fill(1);
      expected.fill(i + 2, 100 * (i + 2), 100 * (i + 2) + 10);
      expect(contentOf(disk, '/file')).toEqual(expected);
      expect(contentOf(disk === clones[0] ? clones[1] : disk.crashClone(3), '/file').length).toBe(3000);
    }
  });
});

describe('a crash', () => {
  it('keeps what was synced', async () => {
    const fileSystem = new MemoryFileSystem();
    makeDurableFile(fileSystem, '/file', 3000);
    expect(await outcomes(fileSystem, (crashed) => contentOf(crashed, '/file').join())).toEqual([
      new Uint8Array(3000).fill(1).join(),
    ]);
  });

  it('may lose bytes and length that were not synced, or keep them', async () => {
    const fileSystem = new MemoryFileSystem();
    makeDurableFile(fileSystem, '/file', SECTOR_BYTES);
    const handle = fileSystem.openSync('/file', 'update');
    handle.writeSync(new Uint8Array(SECTOR_BYTES).fill(2), SECTOR_BYTES);
    const seen = await outcomes(fileSystem, (crashed) => {
      const content = contentOf(crashed, '/file');
      expect([...content.subarray(0, SECTOR_BYTES)].every((byte) => byte === 1)).toBe(true);
      return `${content.length}:${new Set(content.subarray(SECTOR_BYTES)).size}:${content.at(-1)}`;
    });
    expect(seen).toEqual(['1024:1:0', '1024:1:2', '512:0:1']);
  });

  it('tears a write between sectors, never within one', async () => {
    const fileSystem = new MemoryFileSystem();
    makeDurableFile(fileSystem, '/file', 4 * SECTOR_BYTES);
    fileSystem.openSync('/file', 'update').writeSync(new Uint8Array(4 * SECTOR_BYTES).fill(2), 0);
    const seen = await outcomes(fileSystem, (crashed) => {
      const content = contentOf(crashed, '/file');
      const sectors = [0, 1, 2, 3].map((i) => new Set(content.subarray(i * SECTOR_BYTES, (i + 1) * SECTOR_BYTES)));
      expect(sectors.every((values) => values.size === 1)).toBe(true);
      return sectors.flatMap((values) => [...values]).join('');
    });
    expect(seen).toEqual(expect.arrayContaining(['1111', '2222']));
    expect(seen.length).toBeGreaterThan(6);
  });

  it('may leave a sector as it was between two writes to it', async () => {
    const fileSystem = new MemoryFileSystem();
    makeDurableFile(fileSystem, '/file', 100);
    const handle = fileSystem.openSync('/file', 'update');
    handle.writeSync(new Uint8Array([2]), 0);
    handle.writeSync(new Uint8Array([3]), 1);
    const seen = await outcomes(fileSystem, (crashed) => contentOf(crashed, '/file').subarray(0, 2).join(''));
    expect(seen).toEqual(['11', '21', '23']);
  });

  it('may undo a creation, and only until the directory is synced', async () => {
    const fileSystem = new MemoryFileSystem();
    const handle = fileSystem.openSync('/file', 'create');
    handle.writeSync(new Uint8Array(10), 0);
    handle.datasyncSync();
    const look = async (crashed: MemoryFileSystem) => String(await crashed.statBytes('/file'));
    expect(await outcomes(fileSystem, look)).toEqual(['10', 'undefined']);
    await fileSystem.syncDirectory('/');
    expect(await outcomes(fileSystem, look)).toEqual(['10']);
  });

  it('may undo a rename and bring back the file that it replaced, and only until the directory is synced', async () => {
    const fileSystem = new MemoryFileSystem();
    makeDurableFile(fileSystem, '/old', 1);
    makeDurableFile(fileSystem, '/new', 2);
    await fileSystem.rename('/new', '/old');
    const look = async (crashed: MemoryFileSystem) => {
      return `${await crashed.statBytes('/old')} ${await crashed.statBytes('/new')}`;
    };
    expect(await outcomes(fileSystem, look)).toEqual(['1 2', '2 undefined']);
    await fileSystem.syncDirectory('/');
    expect(await outcomes(fileSystem, look)).toEqual(['2 undefined']);
  });

  it('may undo a link, and only until the directory of the new name is synced', async () => {
    const fileSystem = new MemoryFileSystem();
    makeDurableFile(fileSystem, '/file', 5);
    await fileSystem.makeDirectory('/other');
    await fileSystem.syncDirectory('/');
    await fileSystem.link('/file', '/other/second');
    const look = async (crashed: MemoryFileSystem) => {
      expect(await crashed.statBytes('/file')).toBe(5);
      return String(await crashed.statBytes('/other/second'));
    };
    expect(await outcomes(fileSystem, look)).toEqual(['5', 'undefined']);
    await fileSystem.syncDirectory('/');
    expect(await outcomes(fileSystem, look)).toEqual(['5', 'undefined']);
    await fileSystem.syncDirectory('/other');
    expect(await outcomes(fileSystem, look)).toEqual(['5']);
  });

  it('keeps one content under the two names of a file', async () => {
    const fileSystem = new MemoryFileSystem();
    makeDurableFile(fileSystem, '/file', 10);
    await fileSystem.link('/file', '/second');
    await fileSystem.syncDirectory('/');
    fileSystem.openSync('/second', 'update').writeSync(new Uint8Array(10).fill(2), 0);
    const seen = await outcomes(fileSystem, (crashed) => {
      expect(contentOf(crashed, '/file')).toEqual(contentOf(crashed, '/second'));
      return String(contentOf(crashed, '/file')[0]);
    });
    expect(seen).toEqual(['1', '2']);
    const killed = fileSystem.clone();
    killed.openSync('/file', 'update').writeSync(new Uint8Array(10).fill(3), 0);
    expect(contentOf(killed, '/second')[0]).toBe(3);
  });

  it('may undo a removal, and only until the directory is synced', async () => {
    const fileSystem = new MemoryFileSystem();
    makeDurableFile(fileSystem, '/file', 1);
    await fileSystem.remove('/file');
    const look = async (crashed: MemoryFileSystem) => (await crashed.list('/')).join();
    expect(await outcomes(fileSystem, look)).toEqual(['', 'file']);
    await fileSystem.syncDirectory('/');
    expect(await outcomes(fileSystem, look)).toEqual(['']);
  });

  it('keeps a prefix of the changes of a directory', async () => {
    const fileSystem = new MemoryFileSystem();
    for (const name of ['a', 'b', 'c']) fileSystem.openSync(`/${name}`, 'create').closeSync();
    const seen = await outcomes(fileSystem, async (crashed) => (await crashed.list('/')).join(''));
    expect(seen).toEqual(['', 'a', 'ab', 'abc']);
  });

  it('may take a whole directory that was not synced into its parent', async () => {
    const fileSystem = new MemoryFileSystem();
    await fileSystem.makeDirectory('/db');
    fileSystem.openSync('/db/file', 'create').closeSync();
    await fileSystem.syncDirectory('/db');
    const look = async (crashed: MemoryFileSystem) => String(await crashed.exists('/db/file'));
    expect(await outcomes(fileSystem, look)).toEqual(['false', 'true']);
    await fileSystem.syncDirectory('/');
    expect(await outcomes(fileSystem, look)).toEqual(['true']);
  });

  it('may undo a truncation whole, and only until the file is synced', async () => {
    const fileSystem = new MemoryFileSystem();
    makeDurableFile(fileSystem, '/file', 2000);
    const handle = fileSystem.openSync('/file', 'update');
    await handle.truncate(100);
    const look = (crashed: MemoryFileSystem) => {
      const content = contentOf(crashed, '/file');
      return `${content.length} ${content.every((byte) => byte === 1)}`;
    };
    expect(await outcomes(fileSystem, look)).toEqual(['100 true', '2000 true']);
    await handle.datasync();
    expect(await outcomes(fileSystem, look)).toEqual(['100 true']);
  });

  it('tears a direct write in flight and keeps one that returned', async () => {
    const fileSystem = new MemoryFileSystem();
    makeDurableFile(fileSystem, '/file', 8192);
    const memory = new Uint8Array(allocateSharedMemory(8192), 0, 8192).fill(2);
    const handle = fileSystem.openSync('/file', 'direct');
    const look = (crashed: MemoryFileSystem) => [...new Set(contentOf(crashed, '/file'))].sort().join('');
    const write = handle.write(memory, 0);
    expect(await outcomes(fileSystem, look)).toEqual(['1', '12', '2']);
    await write;
    expect(await outcomes(fileSystem, look)).toEqual(['2']);
  });

  it('takes what is written while a sync is under way, not what was written before it', async () => {
    const fileSystem = new MemoryFileSystem();
    makeDurableFile(fileSystem, '/file', 2 * SECTOR_BYTES);
    const handle = fileSystem.openSync('/file', 'update');
    handle.writeSync(new Uint8Array([2]), 0);
    const sync = handle.datasync();
    handle.writeSync(new Uint8Array([2]), SECTOR_BYTES);
    await sync;
    const seen = await outcomes(fileSystem, (crashed) => {
      const content = contentOf(crashed, '/file');
      return `${content[0]}${content[SECTOR_BYTES]}`;
    });
    expect(seen).toEqual(['21', '22']);
  });

  it('leaves the same behind for the same seed', async () => {
    const fileSystem = new MemoryFileSystem();
    const handle = fileSystem.openSync('/file', 'create');
    for (let i = 0; i < 20; i++) handle.writeSync(new Prng(i).fill(new Uint8Array(700)), i * 650);
    fileSystem.syncDirectorySync('/');
    for (const seed of SEEDS) {
      const [once, again] = [1, 2].map(() => contentOf(fileSystem.crashClone(seed), '/file'));
      expect(Buffer.compare(once, again)).toBe(0);
    }
  });

  it('leaves behind a disk on which all is durable and nothing is locked', async () => {
    const fileSystem = new MemoryFileSystem();
    fileSystem.openSync('/file', 'create').writeSync(new Uint8Array(5000).fill(1), 0);
    await fileSystem.lock('/');
    const crashed = fileSystem.crashClone(3);
    const names = await crashed.list('/');
    const again = crashed.crashClone(4);
    expect(await again.list('/')).toEqual(names);
    for (const name of names) expect(contentOf(again, `/${name}`)).toEqual(contentOf(crashed, `/${name}`));
    await (await crashed.lock('/')).release();
  });
});

describe('a killed process', () => {
  it('loses nothing that it wrote, but its lock', async () => {
    const fileSystem = new MemoryFileSystem();
    const handle = fileSystem.openSync('/file', 'create');
    handle.writeSync(new Uint8Array([1, 2, 3]), 0);
    await fileSystem.lock('/');
    const next = fileSystem.clone();
    expect([...contentOf(next, '/file')]).toEqual([1, 2, 3]);
    await (await next.lock('/')).release();
  });

  it('leaves what was not durable not durable for the next process either', async () => {
    const fileSystem = new MemoryFileSystem();
    makeDurableFile(fileSystem, '/file', 1);
    fileSystem.openSync('/file', 'update').writeSync(new Uint8Array([2]), 0);
    fileSystem.openSync('/other', 'create').closeSync();
    const next = fileSystem.clone();
    expect(await outcomes(next, (crashed) => String(contentOf(crashed, '/file')[0]))).toEqual(['1', '2']);
    expect(await outcomes(next, async (crashed) => (await crashed.list('/')).join())).toEqual(['file', 'file,other']);
    next.openSync('/file', 'update').datasyncSync();
    await next.syncDirectory('/');
    expect(await outcomes(next, (crashed) => String(contentOf(crashed, '/file')[0]))).toEqual(['2']);
    expect(await outcomes(next, async (crashed) => (await crashed.list('/')).join())).toEqual(['file,other']);
  });

  it('shares nothing with its clone', async () => {
    const fileSystem = new MemoryFileSystem();
    const handle = fileSystem.openSync('/file', 'create');
    handle.writeSync(new Uint8Array([1]), 0);
    const next = fileSystem.clone();
    handle.writeSync(new Uint8Array([9]), 0);
    next.openSync('/mine', 'create').closeSync();
    expect([...contentOf(next, '/file')]).toEqual([1]);
    expect(await fileSystem.list('/')).toEqual(['file']);
  });
});

type Step =
  | { readonly kind: 'write'; readonly position: number; readonly lengthBytes: number; readonly fill: number }
  | { readonly kind: 'truncate'; readonly sizeBytes: number }
  | { readonly kind: 'sync' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    position: fc.nat(3000),
    lengthBytes: fc.integer({ min: 1, max: 2000 }),
    fill: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({ kind: fc.constant('truncate' as const), sizeBytes: fc.nat(4000) }),
  fc.constant({ kind: 'sync' as const }),
);

/** What the file held after each step since the last sync, that sync's own state first. */
async function statesSinceSync(fileSystem: MemoryFileSystem, steps: readonly Step[]): Promise<Uint8Array[]> {
  const handle = fileSystem.openSync('/file', 'create');
  fileSystem.syncDirectorySync('/');
  let states = [contentOf(fileSystem, '/file')];
  for (const each of steps) {
    if (each.kind === 'write') handle.writeSync(new Uint8Array(each.lengthBytes).fill(each.fill), each.position);
    else if (each.kind === 'truncate') await handle.truncate(each.sizeBytes);
    else handle.datasyncSync();
    if (each.kind === 'sync') states = [];
    states.push(contentOf(fileSystem, '/file'));
  }
  return states;
}

/** Sector `index` of a state, zeros past its end, cut where the crashed file ends. */
function sectorOf(state: Uint8Array, index: number, endBytes: number): string {
  const sector = new Uint8Array(SECTOR_BYTES);
  sector.set(state.subarray(index * SECTOR_BYTES, (index + 1) * SECTOR_BYTES));
  return sector.subarray(0, Math.max(0, endBytes - index * SECTOR_BYTES)).join();
}

describe('any run of writes, truncations and syncs', () => {
  it('leaves a length that the file once had since the sync, and no byte that was never there', async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.nat(), async (steps, seed) => {
      const fileSystem = new MemoryFileSystem();
      const states = await statesSinceSync(fileSystem, steps);
      const crashed = contentOf(fileSystem.crashClone(seed), '/file');
      expect(states.map((state) => state.length)).toContain(crashed.length);
      const everThere = new Set([0, ...states.flatMap((state) => [...state])]);
      expect([...crashed].every((byte) => everThere.has(byte))).toBe(true);
    });
    await fc.assert(property, { seed: 1, numRuns: 300 });
  });

  it('leaves every sector as it was at some moment since the sync, where nothing was truncated', async () => {
    const writesAndSyncs = fc.array(
      step.filter((each) => each.kind !== 'truncate'),
      { maxLength: 12 },
    );
    const property = fc.asyncProperty(writesAndSyncs, fc.nat(), async (steps, seed) => {
      const fileSystem = new MemoryFileSystem();
      const states = await statesSinceSync(fileSystem, steps);
      const crashed = contentOf(fileSystem.crashClone(seed), '/file');
      for (let index = 0; index * SECTOR_BYTES < crashed.length; index++) {
        const seen = states.map((state) => sectorOf(state, index, crashed.length));
        expect(seen).toContain(sectorOf(crashed, index, crashed.length));
      }
    });
    await fc.assert(property, { seed: 2, numRuns: 300 });
  });
});
