import { dirname, join } from 'node:path';
import { StemeError } from '../base/errors.js';
import { LOCK_NAME, parseFileName } from '../base/file-names.js';
import type { DirectoryLock, FileSystem } from '../fs/file-system.js';
import { QUARANTINE_DIRECTORY } from '../quarantine/journal-files.js';
import { removeQuarantine } from '../quarantine/remove-quarantine.js';
import { syncParents } from './sync-parents.js';

/** Of the directory beside the target that everything is written into first. */
const STAGED_SUFFIX = '.steme-staged';

/**
 * A directory that comes into being whole: filled under another name, made durable, then renamed. A crash leaves nothing under
 * the target's name; what it leaves under the other one, the next attempt clears away. Held by its lock, so that two attempts
 * for one target do not meet. Ends with `publish` or `abandon`.
 */
export class StagedDirectory {
  readonly #fileSystem: FileSystem;
  readonly #target: string;
  readonly #lock: DirectoryLock;
  #path: string;

  private constructor(fileSystem: FileSystem, target: string, path: string, lock: DirectoryLock) {
    this.#fileSystem = fileSystem;
    this.#target = target;
    this.#path = path;
    this.#lock = lock;
  }

  /** `target` is absolute. Errors: STEME_EXISTS if there is something in it, STEME_LOCKED, STEME_IO. */
  static async begin(fileSystem: FileSystem, target: string): Promise<StagedDirectory> {
    await refuseOccupied(fileSystem, target);
    const path = `${target}${STAGED_SUFFIX}`;
    await fileSystem.makeDirectory(path);
    const staged = new StagedDirectory(fileSystem, target, path, await fileSystem.lock(path));
    try {
      await refuseForeign(fileSystem, path);
      await removeFiles(fileSystem, path);
      await refuseForeign(fileSystem, path, []);
      return staged;
    } catch (error) {
      await staged.#lock.release();
      throw error;
    }
  }

  get path(): string {
    return this.#path;
  }

  /** Durable under the target's name when it resolves; the files in it were made durable by whoever wrote them. */
  async publish(): Promise<void> {
    const fileSystem = this.#fileSystem;
    await fileSystem.syncDirectory(this.#path);
    await syncParents(fileSystem, this.#path);
    await refuseOccupied(fileSystem, this.#target);
    await fileSystem.removeDirectory(this.#target);
    await fileSystem.rename(this.#path, this.#target);
    this.#path = this.#target;
    // It says where the directory was locked; the next opener must not read of a holder there.
    await fileSystem.remove(join(this.#target, LOCK_NAME));
    await fileSystem.syncDirectory(this.#target);
    await fileSystem.syncDirectory(dirname(this.#target));
    await this.#lock.release();
  }

  /** Removes all of it, as far as the disk lets us: the error that led here is the one to report. */
  async abandon(): Promise<void> {
    const fileSystem = this.#fileSystem;
    await Promise.allSettled([removeFiles(fileSystem, this.#path)]);
    await Promise.allSettled([this.#lock.release()]);
    await Promise.allSettled([fileSystem.removeDirectory(this.#path)]);
  }
}

/** An empty directory may be there. */
async function refuseOccupied(fileSystem: FileSystem, target: string): Promise<void> {
  if (!(await fileSystem.exists(target))) return;
  if ((await fileSystem.statBytes(target)) !== undefined) throw new StemeError('STEME_EXISTS', `${target} is a file`);
  const names = await fileSystem.list(target);
  if (names.length === 0) return;
  throw new StemeError('STEME_EXISTS', `${target} is not empty: there is ${names[0]}; name a new directory`);
}

/** What is in the way under our own name is cleared away only if all of it can be an earlier attempt. */
async function refuseForeign(
  fileSystem: FileSystem,
  path: string,
  directories: readonly string[] = [QUARANTINE_DIRECTORY],
): Promise<void> {
  const isOurs = (name: string): boolean => parseFileName(name) !== undefined || directories.includes(name);
  const foreign = (await fileSystem.list(path)).find((name) => !isOurs(name));
  if (foreign === undefined) return;
  throw new StemeError('STEME_EXISTS', `${path} is in the way: there is ${foreign} in it, which is no file of ours`);
}

async function removeFiles(fileSystem: FileSystem, path: string): Promise<void> {
  // CURRENT first: what is left of a removal that is cut short is no database.
  const names = (await fileSystem.list(path)).filter((name) => name !== LOCK_NAME && name !== QUARANTINE_DIRECTORY);
  const ordered = names.sort((a, b) => Number(isCurrent(b)) - Number(isCurrent(a)));
  for (const name of ordered) await fileSystem.remove(join(path, name));
  await removeQuarantine(fileSystem, path);
}

function isCurrent(name: string): boolean {
  return parseFileName(name)?.kind === 'current';
}
