import { describe, expect, it } from 'vitest';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { DURABILITY_KINDS, TracingFileSystem } from '../../src/fs/tracing-file-system.js';

/** The way a pointer file is switched: everything new is durable before its name is. */
async function switchPointer(fileSystem: FileSystem): Promise<void> {
  await fileSystem.makeDirectory('/data/db');
  const lock = await fileSystem.lock('/data/db');
  const handle = await fileSystem.open('/data/db/CURRENT.tmp', 'create');
  await handle.write(new Uint8Array(16), 0);
  handle.writeSync(new Uint8Array(4), 16);
  await handle.datasync();
  await handle.close();
  await fileSystem.rename('/data/db/CURRENT.tmp', '/data/db/CURRENT');
  await fileSystem.syncDirectory('/data/db');
  await fileSystem.statBytes('/data/db/CURRENT');
  fileSystem.mapSync('/data/db/CURRENT');
  const reader = fileSystem.openSync('/data/db/CURRENT', 'read');
  await reader.read(new Uint8Array(8), 4);
  await reader.sizeBytes();
  reader.closeSync();
  await fileSystem.link('/data/db/CURRENT', '/data/kept');
  await fileSystem.remove('/data/db/000001.log');
  await fileSystem.makeDirectory('/data/db/empty');
  await fileSystem.removeDirectory('/data/db/empty');
  await fileSystem.list('/data/db');
  await lock.release();
}

describe('a tracing file system', () => {
  it('writes down every operation in the order of the calls', async () => {
    const fileSystem = new TracingFileSystem(new MemoryFileSystem(), '/data/db');
    await switchPointer(fileSystem);
    expect(fileSystem.lines).toEqual([
      'mkdir .',
      'lock .',
      'open CURRENT.tmp create',
      'write CURRENT.tmp 0+16',
      'write CURRENT.tmp 16+4',
      'datasync CURRENT.tmp',
      'close CURRENT.tmp',
      'rename CURRENT.tmp CURRENT',
      'sync-directory .',
      'stat CURRENT',
      'map CURRENT',
      'open CURRENT read',
      'read CURRENT 4+8',
      'size CURRENT',
      'close CURRENT',
      'link CURRENT ../kept',
      'remove 000001.log',
      'mkdir empty',
      'remove empty',
      'list .',
    ]);
  });

  it('writes down only what decides about durability, when asked so', async () => {
    const fileSystem = new TracingFileSystem(new MemoryFileSystem(), '/data', DURABILITY_KINDS);
    await switchPointer(fileSystem);
    expect(fileSystem.takeLines()).toEqual([
      'mkdir db',
      'open db/CURRENT.tmp create',
      'write db/CURRENT.tmp 0+16',
      'write db/CURRENT.tmp 16+4',
      'datasync db/CURRENT.tmp',
      'rename db/CURRENT.tmp db/CURRENT',
      'sync-directory db',
      'open db/CURRENT read',
      'link db/CURRENT kept',
      'remove db/000001.log',
      'mkdir db/empty',
      'remove db/empty',
    ]);
    expect(fileSystem.lines).toEqual([]);
  });

  it('writes down an operation that fails too', async () => {
    const fileSystem = new TracingFileSystem(new MemoryFileSystem(), '/');
    await expect(fileSystem.open('/absent', 'read')).rejects.toThrow('ENOENT');
    expect(fileSystem.lines).toEqual(['open absent read']);
  });
});
