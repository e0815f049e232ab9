import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/base/clock.js';
import { systemClock } from '../../src/base/clock.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { chooseSyncMode } from '../../src/wal/sync-mode.js';

const DIRECTORY = '/db';

async function diskWith(options: { direct?: boolean } = {}): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem(options);
  await disk.makeDirectory(DIRECTORY);
  return disk;
}

function probeOn(fileSystem: FileSystem, clock: Clock = systemClock) {
  return { fileSystem, directory: DIRECTORY, clock, fileNumber: 9 };
}

/** A disk on which operations of one kind take a millisecond of a clock that is held. */
function slowedDisk(disk: MemoryFileSystem, slowKind: 'direct' | 'datasync') {
  let nowMs = 0;
  const clock: Clock = { nowMs: () => 0, monotonicMs: () => nowMs };
  const fileSystem = interceptFileSystem(disk, ({ kind, mode }) => {
    if (slowKind === 'datasync' ? kind === 'datasync' : kind === 'write' && mode === 'direct') nowMs++;
  });
  return probeOn(fileSystem, clock);
}

describe('how the log is made durable', () => {
  it('is what the option says', async () => {
    const probe = probeOn(await diskWith());
    expect(await chooseSyncMode('fdatasync', probe)).toEqual({ mode: 'fdatasync', reason: 'chosen by option' });
    expect(await chooseSyncMode('direct', probe)).toEqual({ mode: 'direct', reason: 'chosen by option' });
  });

  it.each(['auto', 'direct'] as const)(
    'is fdatasync where direct I/O is refused, whatever was asked (%s)',
    async (wanted) => {
      const { mode, reason } = await chooseSyncMode(wanted, probeOn(await diskWith({ direct: false })));
      expect(mode).toBe('fdatasync');
      expect(reason).toMatch(/refuses direct/);
    },
  );

  it('is the faster one for auto', async () => {
    const disk = await diskWith();
    expect((await chooseSyncMode('auto', slowedDisk(disk, 'datasync'))).mode).toBe('direct');
    expect((await chooseSyncMode('auto', slowedDisk(disk, 'direct'))).mode).toBe('fdatasync');
  });

  it('leaves no file behind', async () => {
    const disk = await diskWith();
    await chooseSyncMode('auto', probeOn(disk));
    expect(await disk.list(DIRECTORY)).toEqual([]);
  });

  it('leaves no file behind when the disk fails, and says so', async () => {
    const disk = await diskWith();
    const faulty = new FaultyFileSystem(disk, [{ kind: 'datasync', nth: 3 }]);
    await expect(chooseSyncMode('auto', probeOn(faulty))).rejects.toMatchObject({ code: 'STEME_IO' });
    expect(await disk.list(DIRECTORY)).toEqual([]);
  });
});
