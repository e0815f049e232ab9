import fs from 'node:fs';
import { join } from 'node:path';
import { systemCodeOf } from '../base/errors.js';
import { DIRECT_IO_BLOCK_BYTES } from '../base/limits.js';
import { allocateSharedMemory } from '../base/shared-memory.js';
import { DIRECT_PROBE_NAME, type FileHandle, type FileSystem, type OpenMode } from './file-system.js';
import { ioError, systemError } from './io-error.js';
import { closeFile, openFile, syncFile } from './real-calls.js';
import { RealFileHandle } from './real-file-handle.js';
import { lockDirectory } from './real-lock.js';
import { mapFile, mmapUnavailableReason } from './real-mmap.js';

/** Windows opens no directories; its file systems journal names by themselves. */
const CAN_SYNC_DIRECTORY = process.platform !== 'win32';

/** The operating system's own file system. Stateless, so every thread imports its own. */
export const realFileSystem: FileSystem = {
  async probeDirect(directory) {
    const path = join(directory, DIRECT_PROBE_NAME);
    try {
      return await writeProbe(path);
    } catch {
      // Whatever refused the probe refuses direct I/O; a disk that is sick shows itself at the first real write.
      return false;
    }
  },

  async open(path, mode) {
    try {
      return new RealFileHandle(path, await openFile(path, flagsOf(mode)), mode === 'direct');
    } catch (error) {
      throw ioError('open', path, error);
    }
  },

  openSync(path, mode) {
    try {
      return new RealFileHandle(path, fs.openSync(path, flagsOf(mode)), mode === 'direct');
    } catch (error) {
      throw ioError('open', path, error);
    }
  },

  get canMap() {
    return mmapUnavailableReason() === undefined;
  },

  mapSync: mapFile,

  async exists(path) {
    return (await statOrUndefined(path)) !== undefined;
  },

  async statBytes(path) {
    const stats = await statOrUndefined(path);
    return stats?.isFile() ? stats.size : undefined;
  },

  async freeBytes(directory) {
    try {
      const { bavail, bsize } = await fs.promises.statfs(directory);
      return bavail * bsize;
    } catch (error) {
      throw ioError('ask for the free space of', directory, error);
    }
  },

  async list(directory) {
    try {
      return (await fs.promises.readdir(directory)).sort();
    } catch (error) {
      throw ioError('list', directory, error);
    }
  },

  async makeDirectory(directory) {
    try {
      await fs.promises.mkdir(directory, { recursive: true });
    } catch (error) {
      throw ioError('create directory', directory, error);
    }
  },

  async rename(from, to) {
    try {
      await fs.promises.rename(from, to);
    } catch (error) {
      throw ioError(`rename to ${to}`, from, error);
    }
  },

  async link(from, to) {
    try {
      await fs.promises.link(from, to);
    } catch (error) {
      throw ioError(`link to ${to}`, from, error);
    }
  },

  async remove(path) {
    try {
      await fs.promises.unlink(path);
    } catch (error) {
      if (!isAbsence(error)) throw ioError('remove', path, error);
    }
  },

  removeSync(path) {
    try {
      fs.unlinkSync(path);
    } catch (error) {
      if (!isAbsence(error)) throw ioError('remove', path, error);
    }
  },

  async removeDirectory(directory) {
    try {
      await fs.promises.rmdir(directory);
    } catch (error) {
      if (!isAbsence(error)) throw ioError('remove', directory, error);
    }
  },

  async syncDirectory(directory) {
    if (!CAN_SYNC_DIRECTORY) return;
    try {
      const fd = await openFile(directory, fs.constants.O_RDONLY);
      try {
        await syncFile(fd);
      } finally {
        await closeFile(fd);
      }
    } catch (error) {
      throw ioError('sync directory', directory, error);
    }
  },

  syncDirectorySync(directory) {
    if (!CAN_SYNC_DIRECTORY) return;
    try {
      const fd = fs.openSync(directory, fs.constants.O_RDONLY);
      try {
        fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
    } catch (error) {
      throw ioError('sync directory', directory, error);
    }
  },

  lock: lockDirectory,
};

function flagsOf(mode: OpenMode): number {
  const { O_RDONLY, O_RDWR, O_CREAT, O_TRUNC, O_DSYNC } = fs.constants;
  if (mode === 'read') return O_RDONLY;
  if (mode === 'create') return O_RDWR | O_CREAT | O_TRUNC;
  if (mode === 'update') return O_RDWR;
  // Undefined on platforms without it, whatever the types say.
  const direct: number | undefined = fs.constants.O_DIRECT;
  if (direct === undefined) throw systemError('EINVAL');
  return O_RDWR | O_DSYNC | direct;
}

async function writeProbe(path: string): Promise<boolean> {
  const block = new Uint8Array(allocateSharedMemory(DIRECT_IO_BLOCK_BYTES), 0, DIRECT_IO_BLOCK_BYTES);
  let handle: FileHandle | undefined;
  try {
    await (await realFileSystem.open(path, 'create')).close();
    handle = await realFileSystem.open(path, 'direct');
    await handle.write(block, 0);
    return true;
  } finally {
    await handle?.close();
    await realFileSystem.remove(path);
  }
}

async function statOrUndefined(path: string): Promise<fs.Stats | undefined> {
  try {
    return await fs.promises.stat(path);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw ioError('look at', path, error);
  }
}

function isAbsence(error: unknown): boolean {
  return systemCodeOf(error) === 'ENOENT';
}
