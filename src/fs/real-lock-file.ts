/**
 * The LOCK file says who has the directory open. It is created by `link`, so it is never seen half-written and never
 * overwrites. A stale one is replaced by renaming `LOCK.next` over it, a file that is claimed like the LOCK itself. Who has
 * that looks again at the LOCK first: nobody else may replace it now, so if it is the stale one still, it stays so until
 * the rename. Of any number of openers who found it stale one gets through.
 */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { StemeError, systemCodeOf } from '../base/errors.js';
import { LOCK_NAME } from '../base/file-names.js';
import type { ProcessIdentity } from './real-process.js';
import { isAlive, ownIdentity } from './real-process.js';

/** What a LOCK file holds, as JSON. */
export interface LockHolder extends ProcessIdentity {
  readonly hostname: string;
  /** ISO 8601. */
  readonly openedAt: string;
}

/** A sound LOCK file is far shorter; of a longer one nothing more is read (law 10). */
const LOCK_FILE_BYTES_MAX = 4096;
const CLAIM_ATTEMPTS_MAX = 10;

export interface LockFile {
  remove(): Promise<void>;
}

/**
 * Writes our LOCK file, or throws STEME_LOCKED if there is one whose holder `isHeld`. Errors of the operating system come
 * as they are: the caller knows whether it can do without the file.
 */
export async function claimLockFile(directory: string, isHeld: (holder: LockHolder) => boolean): Promise<LockFile> {
  const path = join(directory, LOCK_NAME);
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    await refuseIfHeld(directory, path, isHeld);
    await sweepDrafts(directory);
    await fs.promises.writeFile(draft, describeSelf(), { flag: 'wx' });
    await claim({ directory, draft, isHeld }, path);
    return { remove: () => removeIfAny(path) };
  } finally {
    await removeIfAny(draft);
  }
}

const DRAFT_NAME = /^LOCK\.[0-9a-f-]{36}\.tmp$/;

/** Openers that were killed on their way left their drafts: those that name a process that is gone are removed. */
async function sweepDrafts(directory: string): Promise<void> {
  for (const name of await fs.promises.readdir(directory)) {
    if (!DRAFT_NAME.test(name)) continue;
    const path = join(directory, name);
    const text = await readTextIfAny(path);
    const holder = text === undefined ? undefined : parseHolder(text);
    if (holder !== undefined && !isAlive(holder, Date.parse(holder.openedAt))) await removeIfAny(path);
  }
}

interface Claim {
  readonly directory: string;
  readonly draft: string;
  readonly isHeld: (holder: LockHolder) => boolean;
}

/** Makes `path` a link to our draft, replacing what a dead process left there, or throws STEME_LOCKED. */
async function claim(ours: Claim, path: string): Promise<void> {
  for (let attempt = 0; attempt < CLAIM_ATTEMPTS_MAX; attempt++) {
    const stale = await refuseIfHeld(ours.directory, path, ours.isHeld);
    const isClaimed = stale === undefined ? await linkUnlessThere(ours.draft, path) : await replace(ours, path, stale);
    if (isClaimed) return;
  }
  throw lockedError(ours.directory, undefined);
}

async function replace(ours: Claim, path: string, stale: string): Promise<boolean> {
  const next = `${path}.next`;
  // Itself left behind by an opener that was killed between here and its rename, it is replaced in the same way.
  await claim(ours, next);
  if ((await readTextIfAny(path)) === stale) {
    await fs.promises.rename(next, path);
    return true;
  }
  await removeIfAny(next);
  return false;
}

/** What is at `path`, which names nobody who runs; undefined if there is nothing. */
async function refuseIfHeld(directory: string, path: string, isHeld: Claim['isHeld']): Promise<string | undefined> {
  const found = await readTextIfAny(path);
  const holder = found === undefined ? undefined : parseHolder(found);
  if (holder !== undefined && isHeld(holder)) throw lockedError(directory, holder);
  return found;
}

async function linkUnlessThere(draft: string, path: string): Promise<boolean> {
  try {
    await fs.promises.link(draft, path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** The holder as the LOCK file has it; undefined where there is no file, or an empty or garbled one. */
export async function readLockHolder(directory: string): Promise<LockHolder | undefined> {
  const text = await readTextIfAny(join(directory, LOCK_NAME));
  return text === undefined ? undefined : parseHolder(text);
}

export function lockedError(directory: string, holder: LockHolder | undefined): StemeError {
  const advice = 'close it there first';
  if (holder === undefined) return new StemeError('STEME_LOCKED', `${directory} is open elsewhere: ${advice}`);
  const where = holder.pid === process.pid ? 'this process' : `process ${holder.pid} on ${holder.hostname}`;
  return new StemeError('STEME_LOCKED', `${directory} is open in ${where} since ${holder.openedAt}: ${advice}`);
}

function describeSelf(): string {
  const holder: LockHolder = { ...ownIdentity(), hostname: os.hostname(), openedAt: new Date().toISOString() };
  return `${JSON.stringify(holder)}\n`;
}

function parseHolder(text: string): LockHolder | undefined {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, startTicks, bootId, hostname, openedAt } = value as Partial<Record<keyof LockHolder, unknown>>;
  // A pid below 1 names process groups to the kernel.
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return undefined;
  if (typeof hostname !== 'string' || typeof openedAt !== 'string') return undefined;
  if (startTicks !== undefined && typeof startTicks !== 'number') return undefined;
  if (bootId !== undefined && typeof bootId !== 'string') return undefined;
  return { pid, startTicks, bootId, hostname, openedAt };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Half-written by a killed process, or not ours: it names nobody.
    return undefined;
  }
}

async function readTextIfAny(path: string): Promise<string | undefined> {
  try {
    const file = await fs.promises.open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(LOCK_FILE_BYTES_MAX), 0, LOCK_FILE_BYTES_MAX, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function removeIfAny(path: string): Promise<void> {
  await fs.promises.rm(path, { force: true });
}
