import { describe, expect, it } from 'vitest';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';

async function diskWith(files: Readonly<Record<string, string>>): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem();
  await disk.makeDirectory('/data');
  for (const [name, text] of Object.entries(files)) write(disk, name, text);
  return disk;
}

function write(disk: MemoryFileSystem, name: string, text: string, position = 0): void {
  const handle = disk.openSync(`/data/${name}`, position === 0 ? 'create' : 'update');
  handle.writeSync(Buffer.from(text), position);
  handle.closeSync();
}

describe('the fingerprint of a disk in memory', () => {
  it('is that of its clones, and of another disk with the same names and bytes, durable or not', async () => {
    const disk = await diskWith({ a: 'one', b: 'two' });
    const print = disk.fingerprint();
    expect(disk.clone().fingerprint()).toBe(print);
    const other = await diskWith({ b: 'two', a: 'one' });
    const handle = other.openSync('/data/a', 'update');
    handle.datasyncSync();
    other.syncDirectorySync('/data');
    expect(other.fingerprint()).toBe(print);
  });

  it('is another after a crash that took something', async () => {
    const disk = await diskWith({ a: 'one' });
    await disk.syncDirectory('/');
    const survivors = Array.from({ length: 30 }, (_, seed) => disk.crashClone(seed));
    const sizes = await Promise.all(survivors.map((survivor) => survivor.statBytes('/data/a')));
    expect(new Set(sizes).size).toBeGreaterThan(1);
    expect(new Set(survivors.map((survivor) => survivor.fingerprint())).size).toBeGreaterThanOrEqual(
      new Set(sizes).size,
    );
  });

  it('changes with every byte, length, name and link', async () => {
    const disk = await diskWith({ a: 'one', b: 'one' });
    const prints = new Set([disk.fingerprint()]);
    const clone = disk.clone();
    write(clone, 'a', 'x', 2);
    prints.add(clone.fingerprint());
    expect(disk.clone().fingerprint()).toBe(disk.fingerprint());
    const longer = disk.clone();
    await (await longer.open('/data/a', 'update')).truncate(4);
    prints.add(longer.fingerprint());
    const renamed = disk.clone();
    await renamed.rename('/data/a', '/data/c');
    prints.add(renamed.fingerprint());
    const linked = disk.clone();
    await linked.remove('/data/b');
    prints.add(linked.fingerprint());
    await linked.link('/data/a', '/data/b');
    prints.add(linked.fingerprint());
    const nested = disk.clone();
    await nested.makeDirectory('/data/d');
    prints.add(nested.fingerprint());
    expect(prints.size).toBe(7);
  });

  it('is told by the changes of a file itself after its clone was asked', async () => {
    const disk = await diskWith({ a: 'one' });
    const print = disk.clone().fingerprint();
    write(disk, 'a', 'x', 2);
    expect(disk.fingerprint()).not.toBe(print);
  });
});
