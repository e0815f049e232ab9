import { beforeEach, describe, expect, it } from 'vitest';
import { systemCodeOf } from '../../src/base/errors.js';
import { allocateSharedMemory } from '../../src/base/shared-memory.js';
import { SimulatedTime } from '../../src/base/simulated-time.js';
import { type FaultRule, FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';

let memory: MemoryFileSystem;

beforeEach(() => {
  memory = new MemoryFileSystem();
});

function faulty(...rules: FaultRule[]): FaultyFileSystem {
  return new FaultyFileSystem(memory, rules);
}

describe('a faulty file system', () => {
  it('fails the n-th operation of a kind on a path, once', async () => {
    const fileSystem = faulty({ kind: 'write', path: /\.log$/, nth: 2, error: 'ENOSPC' });
    const log = await fileSystem.open('/a.log', 'create');
    const table = await fileSystem.open('/a.sst', 'create');
    for (let i = 0; i < 3; i++) await table.write(new Uint8Array(1), i);
    await log.write(new Uint8Array(1), 0);
    const error = await log.write(new Uint8Array(1), 1).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'STEME_IO' });
    expect(systemCodeOf(error)).toBe('ENOSPC');
    expect(await log.sizeBytes()).toBe(1);
    await log.write(new Uint8Array(1), 1);
    expect(fileSystem.injected).toMatchObject([{ kind: 'write', path: '/a.log', positionBytes: 1, lengthBytes: 1 }]);
  });

  it('fails as many times in a row as the rule says', async () => {
    const fileSystem = faulty({ kind: 'datasync', nth: 2, times: 2 });
    const handle = await fileSystem.open('/file', 'create');
    const results: boolean[] = [];
    for (let i = 0; i < 5; i++) {
      results.push(
        await handle.datasync().then(
          () => true,
          () => false,
        ),
      );
    }
    expect(results).toEqual([true, false, false, true, true]);
  });

  it('counts both halves of the contract together', async () => {
    const fileSystem = faulty({ kind: 'write', nth: 3 });
    const handle = fileSystem.openSync('/file', 'create');
    handle.writeSync(new Uint8Array(1), 0);
    await handle.write(new Uint8Array(1), 0);
    expect(() => handle.writeSync(new Uint8Array(1), 0)).toThrow('cannot write /file');
  });

  it('fails every kind of operation', async () => {
    memory.openSync('/file', 'create').writeSync(new Uint8Array(1), 0);
    const handle = await faulty().open('/file', 'update');
    await handle.close();
    const all = faulty({ path: (path) => path.startsWith('/'), nth: 2, times: Number.POSITIVE_INFINITY });
    const open = await all.open('/file', 'update');
    const calls: (() => unknown)[] = [
      () => all.open('/file', 'read'),
      () => all.openSync('/file', 'read'),
      () => all.mapSync('/file'),
      () => all.exists('/file'),
      () => all.statBytes('/file'),
      () => all.list('/'),
      () => all.makeDirectory('/a'),
      () => all.rename('/file', '/b'),
      () => all.link('/file', '/c'),
      () => all.removeDirectory('/d'),
      () => all.remove('/file'),
      () => all.removeSync('/file'),
      () => all.syncDirectory('/'),
      () => all.syncDirectorySync('/'),
      () => all.lock('/'),
      () => open.read(new Uint8Array(1), 0),
      () => open.readSync(new Uint8Array(1), 0),
      () => open.write(new Uint8Array(1), 0),
      () => open.writeSync(new Uint8Array(1), 0),
      () => open.datasync(),
      () => open.datasyncSync(),
      () => open.sizeBytes(),
      () => open.sizeBytesSync(),
      () => open.truncate(0),
      () => open.close(),
      () => open.closeSync(),
    ];
    for (const call of calls) await expect(Promise.resolve().then(call)).rejects.toMatchObject({ code: 'STEME_IO' });
    expect(all.injected.length).toBe(calls.length);
    expect(await memory.list('/')).toEqual(['file']);
  });

  it('lets half of a write through before it fails', async () => {
    const fileSystem = faulty({ kind: 'write', nth: 1, times: 2, error: 'ENOSPC', effect: 'short-write' });
    const handle = await fileSystem.open('/file', 'create');
    const error = await handle.write(new Uint8Array(10), 0).catch((reason: unknown) => reason);
    expect(systemCodeOf(error)).toBe('ENOSPC');
    expect(await handle.sizeBytes()).toBe(5);
    expect(() => handle.writeSync(new Uint8Array(10), 5)).toThrow('ENOSPC');
    expect(await handle.sizeBytes()).toBe(10);
  });

  it('cuts a direct write between blocks', async () => {
    memory.openSync('/file', 'create').closeSync();
    const fileSystem = faulty({ kind: 'write', nth: 1, effect: 'short-write' });
    const handle = await fileSystem.open('/file', 'direct');
    await expect(handle.write(new Uint8Array(allocateSharedMemory(12288), 0, 12288), 0)).rejects.toThrow('EIO');
    expect(await handle.sizeBytes()).toBe(4096);
  });

  it('flips one bit of a read, the same one for the same seed', async () => {
    memory.openSync('/file', 'create').writeSync(new Uint8Array(100), 0);
    const flipped: string[] = [];
    for (const seed of [1, 1, 2]) {
      const fileSystem = new FaultyFileSystem(memory, [{ kind: 'read', nth: 1, effect: 'corrupt-read' }], { seed });
      const target = new Uint8Array(100);
      await (await fileSystem.open('/file', 'read')).read(target, 0);
      const damaged = target.filter((byte) => byte !== 0);
      expect(damaged.length).toBe(1);
      expect(Math.log2(damaged[0]) % 1).toBe(0);
      flipped.push(target.join());
    }
    expect(flipped[0]).toBe(flipped[1]);
    expect(flipped[0]).not.toBe(flipped[2]);
  });

  it('flips one bit of a map in a copy, and leaves the file alone', async () => {
    memory.openSync('/file', 'create').writeSync(new Uint8Array(100), 0);
    const fileSystem = faulty({ nth: 1, effect: 'corrupt-read' });
    expect(fileSystem.mapSync('/file')?.bytes.filter((byte) => byte !== 0).length).toBe(1);
    expect(fileSystem.mapSync('/file')?.bytes.filter((byte) => byte !== 0).length).toBe(0);
  });

  it('counts every rule on its own', async () => {
    const fileSystem = faulty({ kind: 'write', nth: 1, error: 'EIO' }, { nth: 3, error: 'ENOSPC' });
    const handle = await fileSystem.open('/file', 'create');
    expect(() => handle.writeSync(new Uint8Array(1), 0)).toThrow('EIO');
    expect(() => handle.writeSync(new Uint8Array(1), 0)).toThrow('ENOSPC');
    handle.writeSync(new Uint8Array(1), 0);
  });

  it('still closes the file below when a close fails', async () => {
    const fileSystem = faulty({ kind: 'close', nth: 1 });
    const handle = await fileSystem.open('/file', 'create');
    await expect(handle.close()).rejects.toThrow('EIO');
    await expect(handle.datasync()).rejects.toThrow('only while it is open');
  });
});

describe('a rule that is armed later', () => {
  it('counts from then on, and is forgotten when the disk is disarmed', async () => {
    const fileSystem = new FaultyFileSystem(memory);
    const handle = await fileSystem.open('/file', 'create');
    await handle.write(new Uint8Array(1), 0);
    fileSystem.arm({ kind: 'write', times: Number.POSITIVE_INFINITY, error: 'ENOSPC' });
    await expect(handle.write(new Uint8Array(1), 0)).rejects.toThrow('ENOSPC');
    await expect(handle.write(new Uint8Array(1), 0)).rejects.toThrow('ENOSPC');
    fileSystem.disarm();
    await handle.write(new Uint8Array(1), 0);
    expect(fileSystem.injected).toHaveLength(2);
  });
});

describe('an operation that is late', () => {
  it('succeeds once the time has passed, and keeps no other waiting', async () => {
    const time = new SimulatedTime();
    const rule: FaultRule = { kind: 'datasync', path: /slow/, effect: 'delay', delayMs: 500 };
    const fileSystem = new FaultyFileSystem(memory, [rule], { timers: time });
    const slow = await fileSystem.open('/slow', 'create');
    const fast = await fileSystem.open('/fast', 'create');
    let isSynced = false;
    const syncing = slow.datasync().then(() => {
      isSynced = true;
    });
    await fast.datasync();
    await slow.write(new Uint8Array(3), 0);
    time.advance(499);
    await fast.datasync();
    expect(isSynced).toBe(false);
    time.advance(1);
    await syncing;
    await slow.datasync();
    expect(fileSystem.injected).toMatchObject([{ kind: 'datasync', path: '/slow' }]);
  });

  it('may fail as well, by a rule of its own', async () => {
    const time = new SimulatedTime();
    const rules: FaultRule[] = [
      { kind: 'open', effect: 'delay', delayMs: 10 },
      { kind: 'open', error: 'EMFILE' },
    ];
    const opening = new FaultyFileSystem(memory, rules, { timers: time }).open('/file', 'create');
    time.advance(10);
    await expect(opening).rejects.toThrow('EMFILE');
  });

  it('does not wait where the caller cannot', () => {
    const rule: FaultRule = { effect: 'delay', delayMs: 1e9, times: Number.POSITIVE_INFINITY };
    const handle = new FaultyFileSystem(memory, [rule]).openSync('/file', 'create');
    handle.writeSync(new Uint8Array(1), 0);
    expect(handle.sizeBytesSync()).toBe(1);
  });
});
