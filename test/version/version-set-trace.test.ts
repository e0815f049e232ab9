import { describe, expect, it } from 'vitest';
import type { FileOperation } from '../../src/fs/file-operation.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { createSet, DIRECTORY, recoverSet } from './scenario.js';
import { edit } from './tables.js';

const OBSERVATIONS = new Set(['read', 'size', 'stat', 'list', 'close', 'map']);

/** The operations that change the disk, one a line, without positions: their order is what the test is about. */
function lineOf({ kind, path, to, mode }: FileOperation): string | undefined {
  if (OBSERVATIONS.has(kind) || mode === 'read') return undefined;
  const name = (whole: string) => (whole === DIRECTORY ? '.' : whole.slice(DIRECTORY.length + 1));
  return [kind, name(path), ...(to === undefined ? [] : [name(to)])].join(' ');
}

describe('the order of writes and syncs', () => {
  async function traced(): Promise<{ fileSystem: ReturnType<typeof interceptFileSystem>; take: () => string[] }> {
    const disk = new MemoryFileSystem();
    await disk.makeDirectory(DIRECTORY);
    let lines: string[] = [];
    const fileSystem = interceptFileSystem(disk, (operation) => {
      const line = lineOf(operation);
      if (line !== undefined) lines.push(line);
    });
    const take = () => {
      const taken = lines;
      lines = [];
      return taken;
    };
    return { fileSystem, take };
  }

  it('is manifest, directory, CURRENT.tmp, rename, directory when a database is created', async () => {
    const { fileSystem, take } = await traced();
    await createSet(fileSystem);
    expect(take()).toEqual([
      'open MANIFEST-000002',
      'write MANIFEST-000002',
      'write MANIFEST-000002',
      'datasync MANIFEST-000002',
      'syncDirectory .',
      'open CURRENT.tmp',
      'write CURRENT.tmp',
      'datasync CURRENT.tmp',
      'rename CURRENT.tmp CURRENT',
      'syncDirectory .',
    ]);
  });

  it('is one write and one sync for an edit', async () => {
    const { fileSystem, take } = await traced();
    const set = await createSet(fileSystem);
    take();
    await set.apply(edit({ lastSequence: 7 }));
    expect(take()).toEqual(['write MANIFEST-000002', 'datasync MANIFEST-000002']);
  });

  it('is that of a creation, with the old manifest untouched, when the manifest is switched', async () => {
    const { fileSystem, take } = await traced();
    await (await createSet(fileSystem)).close();
    const set = await recoverSet(fileSystem);
    take();
    await set.apply(edit({ lastSequence: 7 }));
    expect(take()).toEqual([
      'open MANIFEST-000003',
      'write MANIFEST-000003',
      'write MANIFEST-000003',
      'datasync MANIFEST-000003',
      'syncDirectory .',
      'open CURRENT.tmp',
      'write CURRENT.tmp',
      'datasync CURRENT.tmp',
      'rename CURRENT.tmp CURRENT',
      'syncDirectory .',
    ]);
  });
});
