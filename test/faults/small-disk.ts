import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, rmdir, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemCodeOf } from '../../src/base/errors.js';
import { MIB } from '../../src/base/limits.js';
import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { open } from '../../src/index.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { steme as stemeInside } from '../cli/cli-harness.js';
import { steme as stemeProcess } from './steme-process.js';

const run = promisify(execFile);
/** Of util-linux, as is `nsenter`; it may be missing, or not allowed. */
const UNSHARE = 'unshare';

/** A disk that is soon full. */
export interface SmallDisk {
  readonly name: string;
  /** An existing directory on it. */
  readonly directory: string;
  readonly fileSystem: FileSystem;
  open(directory: string, options?: Options): Promise<Database>;
  steme(
    argv: readonly string[],
    input: Uint8Array,
  ): Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
  resize(sizeBytes: number): Promise<void>;
  /** Takes the disk away, and everything on it. */
  remove(): Promise<void>;
}

/** The most real disk that can be had here: a mount, a mount in a namespace of our own, or else memory. */
export async function createSmallDisk(sizeBytes: number): Promise<SmallDisk> {
  return (await mountedDisk(sizeBytes)) ?? (await namespaceDisk(sizeBytes)) ?? memoryDisk(sizeBytes);
}

/** Which kind that is. */
export async function nameOfSmallDisk(): Promise<string> {
  const disk = await createSmallDisk(MIB);
  await disk.remove();
  return disk.name;
}

async function mountedDisk(sizeBytes: number): Promise<SmallDisk | undefined> {
  const point = await mkdtemp(join(tmpdir(), 'stemedb-disk-'));
  if (!(await succeeds('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', point]))) {
    await rmdir(point);
    return undefined;
  }
  return {
    name: 'a tmpfs of its own',
    directory: point,
    ...onRealDisk,
    resize: async (newSizeBytes) => {
      await run('mount', ['-o', `remount,size=${newSizeBytes}`, point]);
    },
    remove: async () => {
      // Lazily: a mapping of a table keeps the disk busy until it is collected, after the database was closed.
      await run('umount', ['--lazy', point]);
      await rmdir(point);
    },
  };
}

/** A file that is a disk with ext4 on it; undefined where no such thing is to be had. It keeps its size: see fillUp. */
export async function createLoopDisk(sizeBytes: number): Promise<Omit<SmallDisk, 'resize'> | undefined> {
  const point = await mkdtemp(join(tmpdir(), 'stemedb-disk-'));
  const image = `${point}.image`;
  await writeFile(image, '');
  await truncate(image, sizeBytes);
  const isMounted =
    (await succeeds('mkfs.ext4', ['-q', '-F', '-m', '0', image])) &&
    (await succeeds('mount', ['-o', 'loop', image, point]));
  if (!isMounted) {
    await rm(image);
    await rmdir(point);
    return undefined;
  }
  return {
    name: 'an ext4 of its own',
    directory: point,
    ...onRealDisk,
    remove: async () => {
      // Lazily: see mountedDisk.
      await run('umount', ['--lazy', point]);
      await rmdir(point);
      await rm(image);
    },
  };
}

/** A process holds the namespace; all others of this user reach into it by way of its root directory. */
async function namespaceDisk(sizeBytes: number): Promise<SmallDisk | undefined> {
  const point = await mkdtemp(join(tmpdir(), 'stemedb-disk-'));
  const script = 'mount -t tmpfs -o "size=$1" tmpfs "$0" && echo mounted && exec cat';
  const command = ['--user', '--map-root-user', '--mount', 'sh', '-c', script, point, String(sizeBytes)];
  const holder = spawn(UNSHARE, command, { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(holder, 'close').catch(() => undefined);
  const isMounted = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!isMounted) {
    await rmdir(point);
    return undefined;
  }
  const enter = ['--user', '--mount', '--preserve-credentials', '--target', String(holder.pid)];
  return {
    name: 'a tmpfs in a namespace of its own',
    directory: `/proc/${holder.pid}/root${point}`,
    ...onRealDisk,
    resize: async (newSizeBytes) => {
      // With its source: else `mount` repeats the options that it finds there, with a uid that is none in the namespace.
      await run('nsenter', [...enter, 'mount', '-o', `remount,size=${newSizeBytes}`, 'tmpfs', point]);
    },
    remove: async () => {
      // The mount goes with the last process of its namespace.
      holder.stdin.end();
      await ended;
      await rm(point, { recursive: true });
    },
  };
}

const onRealDisk: Pick<SmallDisk, 'fileSystem' | 'open' | 'steme'> = {
  fileSystem: realFileSystem,
  open,
  steme: (argv, input) => stemeProcess(argv, { input: [input] }),
};

function memoryDisk(sizeBytes: number): SmallDisk {
  const fileSystem = new MemoryFileSystem({ capacityBytes: sizeBytes });
  const openInMemory = (directory: string, options: Options = {}): Promise<Database> =>
    openWith(directory, options, testEnvironment(fileSystem));
  return {
    name: 'a disk in memory, as nothing can be mounted here',
    directory: '/',
    fileSystem,
    open: openInMemory,
    steme: (argv, input) => stemeInside(argv, { input, fileSystem, openDatabase: openInMemory }),
    resize: async (newSizeBytes) => {
      fileSystem.capacityBytes = newSizeBytes;
    },
    remove: async () => {},
  };
}

/** False where there is no such program, or it may not do this here. */
async function succeeds(program: string, argv: readonly string[]): Promise<boolean> {
  try {
    await run(program, argv);
    return true;
  } catch {
    return false;
  }
}

/** Takes what room is left on the disk but `leftBytes`, in one file; returns how to give it back. */
export async function fillUp(
  disk: Pick<SmallDisk, 'directory' | 'fileSystem'>,
  leftBytes: number,
): Promise<() => Promise<void>> {
  const path = join(disk.directory, 'filler');
  const handle = await disk.fileSystem.open(path, 'create');
  try {
    const filledBytes = await writeUntilFull((piece, at) => handle.write(piece, at));
    await handle.truncate(Math.max(0, filledBytes - leftBytes));
  } finally {
    await handle.close();
  }
  return () => disk.fileSystem.remove(path);
}

async function writeUntilFull(write: (piece: Uint8Array, at: number) => Promise<void>): Promise<number> {
  let at = 0;
  for (let pieceBytes = 64 * 1024; pieceBytes >= 4096; ) {
    try {
      await write(new Uint8Array(pieceBytes), at);
      at += pieceBytes;
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOSPC') throw error;
      pieceBytes /= 2;
    }
  }
  return at;
}
