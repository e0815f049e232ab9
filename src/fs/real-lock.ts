/**
 * One opener per directory. On Linux the lock is the name of a listening abstract socket, made from the directory's
 * device and inode: the kernel gives a name to one socket only, whatever thread or process asks, and takes it back when
 * the process ends, however it ends. The LOCK file beside it names the holder in the message, and guards what the socket
 * cannot: abstract names are apart in each network namespace, as of two containers that share a volume. Elsewhere the
 * LOCK file is the lock.
 */
import fs from 'node:fs';
import net from 'node:net';
import { StemeError, systemCodeOf } from '../base/errors.js';
import type { DirectoryLock } from './file-system.js';
import { ioError } from './io-error.js';
import type { LockFile, LockHolder } from './real-lock-file.js';
import { claimLockFile, lockedError, readLockHolder } from './real-lock-file.js';
import { isAlive, isSameProcess, ownIdentity } from './real-process.js';

/** All of `sockaddr_un.sun_path`: older libuv pads a shorter name with zeros and newer does not, and the two would differ. */
const SOCKET_NAME_BYTES = 108;

export function lockDirectory(directory: string): Promise<DirectoryLock> {
  return process.platform === 'linux' ? lockBySocket(directory) : lockByFile(directory);
}

async function lockBySocket(directory: string): Promise<DirectoryLock> {
  const server = await listen(directory);
  try {
    const file = await claimOrDoWithout(directory);
    return onceReleased(directory, async () => {
      try {
        // The file goes first: after the socket it might be the next opener's.
        await file?.remove();
      } finally {
        await closeServer(server);
      }
    });
  } catch (error) {
    await closeServer(server);
    throw error;
  }
}

/** The portable lock: the LOCK file alone, taken over when its process is gone. */
export async function lockByFile(directory: string): Promise<DirectoryLock> {
  try {
    const file = await claimLockFile(directory, isHolderAlive);
    return onceReleased(directory, () => file.remove());
  } catch (error) {
    if (error instanceof StemeError) throw error;
    // Where no LOCK file can be written, no database file can be either: readers need no lock among themselves.
    if (isUnwritable(error)) return onceReleased(directory, async () => {});
    throw ioError('lock', directory, error);
  }
}

/** The socket is ours, so a LOCK of this very process is a leftover, of a thread that was terminated for instance. */
async function claimOrDoWithout(directory: string): Promise<LockFile | undefined> {
  const self = ownIdentity();
  try {
    return await claimLockFile(directory, (holder) => !isSameProcess(holder, self) && isHolderAlive(holder));
  } catch (error) {
    if (error instanceof StemeError) throw error;
    // The socket is the lock. A read-only or full disk costs the message its detail, nothing more.
    return undefined;
  }
}

function isHolderAlive(holder: LockHolder): boolean {
  return isAlive(holder, Date.parse(holder.openedAt));
}

function isUnwritable(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
}

async function listen(directory: string): Promise<net.Server> {
  try {
    const path = await socketName(directory);
    return await listenAt(path);
  } catch (error) {
    if (systemCodeOf(error) !== 'EADDRINUSE') throw ioError('lock', directory, error);
    throw lockedError(directory, await holderForMessage(directory));
  }
}

async function socketName(directory: string): Promise<string> {
  // Inode numbers go past 2^53 on some file systems.
  const stats = await fs.promises.stat(directory, { bigint: true });
  if (!stats.isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
  return `\0stemedb-${stats.dev}-${stats.ino}-`.padEnd(SOCKET_NAME_BYTES, '.');
}

function listenAt(path: string): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    // Nobody has business here: who connects is hung up on.
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', reject);
    // Exclusive: the workers of a cluster would share one socket otherwise.
    server.listen({ path, exclusive: true }, () => {
      server.off('error', reject);
      // A failed accept concerns a stranger's call; the name stays ours.
      server.on('error', () => {});
      server.unref();
      resolve(server);
    });
  });
}

async function holderForMessage(directory: string): Promise<LockHolder | undefined> {
  try {
    const holder = await readLockHolder(directory);
    // The one that took the socket may not have come to replace the file of the one before it.
    return holder !== undefined && isHolderAlive(holder) ? holder : undefined;
  } catch {
    // The directory is locked either way; only the name of the holder is not to be had.
    return undefined;
  }
}

function closeServer(server: net.Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
  });
}

/** Releasing twice does nothing the second time: by then the directory may be somebody else's. */
function onceReleased(directory: string, release: () => Promise<void>): DirectoryLock {
  let released: Promise<void> | undefined;
  return {
    release() {
      released ??= release().catch((error: unknown) => {
        throw ioError('unlock', directory, error);
      });
      return released;
    },
  };
}
