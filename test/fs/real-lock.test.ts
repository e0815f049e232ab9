import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DirectoryLock } from '../../src/fs/file-system.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { lockByFile } from '../../src/fs/real-lock.js';
import { ownIdentity } from '../../src/fs/real-process.js';
import { startSourceWorker } from './source-worker.js';

const PROJECT = new URL('../../', import.meta.url);
const LOCK_MODULE = new URL('src/fs/real-lock.ts', PROJECT).href;
const NOBODY = 65534;

let directory: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

/** Source of a module that takes the lock and tells how that went, first by `say`. */
function lockingSource(say: string, prepare = ''): string {
  return `
    const { lockDirectory, lockByFile } = await import(${JSON.stringify(LOCK_MODULE)});
    ${prepare}
    const say = ${say};
    try {
      const lock = await lockDirectory(${JSON.stringify(directory)});
      say('locked');
      globalThis.release = () => lock.release();
    } catch (error) {
      say(error.code + ' ' + error.message);
    }`;
}

/** Runs the source in another process until it prints its first line. */
async function startProcess(source: string): Promise<{ child: ChildProcess; line: string }> {
  const args = ['--import', 'tsx', '--input-type=module', '-e', source];
  const child = spawn(process.execPath, args, { cwd: PROJECT, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = await once(child.stdout, 'data');
  return { child, line: String(line).trim() };
}

const KEEP_ALIVE = 'setInterval(() => {}, 1000);';
const PRINT = '(line) => console.log(line)';

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function expectLocked(attempt: Promise<DirectoryLock>, holder: string): Promise<void> {
  const error = await attempt.catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'STEME_LOCKED' });
  expect(String(error)).toContain(holder);
}

/** Takes the directory and gives it back. */
async function lockAndRelease(): Promise<void> {
  await (await realFileSystem.lock(directory)).release();
}

describe.each([
  ['the lock of this platform', realFileSystem.lock],
  ['the portable lock', lockByFile],
])('%s', (_, lock) => {
  it('refuses a second opener in the same process and says since when', async () => {
    const held = await lock(directory);
    const since = JSON.parse(await readFile(join(directory, 'LOCK'), 'utf8')).openedAt;
    await expectLocked(lock(directory), `${directory} is open in this process since ${since}`);
    await held.release();
    await (await lock(directory)).release();
  });

  it('lets one of many simultaneous openers in', async () => {
    const attempts = await Promise.allSettled(Array.from({ length: 10 }, () => lock(directory)));
    const winners = attempts.filter((attempt) => attempt.status === 'fulfilled');
    expect(winners.length).toBe(1);
    for (const winner of winners) await winner.value.release();
    expect(await readdir(directory)).toEqual([]);
  });

  it('lets one of many in who find the lock of a dead process, and that of one who died while replacing it', async () => {
    const dead = { hostname: 'here', openedAt: new Date(0).toISOString(), pid: process.pid, startTicks: 1 };
    for (let round = 0; round < 25; round++) {
      await writeFile(join(directory, 'LOCK'), JSON.stringify(dead));
      if (round % 2 === 0) await writeFile(join(directory, 'LOCK.next'), JSON.stringify(dead));
      const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => lock(directory)));
      const winners = attempts.filter((attempt) => attempt.status === 'fulfilled');
      expect(winners.length).toBe(1);
      for (const winner of winners) await winner.value.release();
      expect(await readdir(directory)).toEqual([]);
    }
  });

  it.each(['', '\0\0\0', '{"pid":', '[]', '{"pid":-1,"hostname":"a","openedAt":"b"}', 'x'.repeat(100_000)])(
    'takes over a LOCK that names nobody (%#)',
    async (content) => {
      await writeFile(join(directory, 'LOCK'), content);
      const held = await lock(directory);
      expect(JSON.parse(await readFile(join(directory, 'LOCK'), 'utf8'))).toMatchObject({
        ...ownIdentity(),
        hostname: os.hostname(),
      });
      await held.release();
      expect(await readdir(directory)).toEqual([]);
    },
  );

  it('clears away the drafts of openers that were killed, and no others', async () => {
    const names = { hostname: 'here', openedAt: new Date(0).toISOString() };
    const dead = { ...names, ...ownIdentity(), startTicks: 1 };
    const alive = { ...names, ...ownIdentity() };
    const draft = (digit: string): string =>
      `LOCK.${'00000000-0000-4000-8000-000000000000'.replaceAll('0', digit)}.tmp`;
    await writeFile(join(directory, draft('1')), JSON.stringify(dead));
    await writeFile(join(directory, draft('2')), JSON.stringify(alive));
    await writeFile(join(directory, 'LOCK.mine.tmp'), JSON.stringify(dead));
    await (await lock(directory)).release();
    expect(await readdir(directory)).toEqual([draft('2'), 'LOCK.mine.tmp']);
  });

  it('takes over a LOCK whose pid another process has by now', async () => {
    const names = { hostname: 'here', openedAt: new Date(0).toISOString() };
    const earlier = { ...ownIdentity(), pid: process.ppid, startTicks: 1 };
    for (const holder of [earlier, { ...earlier, bootId: 'another boot' }, { pid: process.pid }]) {
      await writeFile(join(directory, 'LOCK'), JSON.stringify({ ...names, ...holder }));
      await (await lock(directory)).release();
    }
  });
});

describe('the lock of this platform', () => {
  it('refuses an opener while another process has the directory, and not once that is killed', async () => {
    const { child, line } = await startProcess(lockingSource(PRINT) + KEEP_ALIVE);
    expect(line).toBe('locked');
    await expectLocked(realFileSystem.lock(directory), `process ${child.pid} on ${os.hostname()}`);
    await kill(child);
    expect(await readdir(directory)).toEqual(['LOCK']);
    await lockAndRelease();
    expect(await readdir(directory)).toEqual([]);
  });

  it('refuses another process while this one has the directory', async () => {
    const held = await realFileSystem.lock(directory);
    const { line } = await startProcess(lockingSource(PRINT));
    expect(line).toContain('STEME_LOCKED');
    expect(line).toContain(`process ${process.pid}`);
    await held.release();
  });

  it('refuses another thread of this process, and is free when a thread ends with it', async () => {
    const source = lockingSource('(line) => parentPort.postMessage(line)');
    const holder = startSourceWorker(source + KEEP_ALIVE);
    expect(await once(holder, 'message')).toEqual(['locked']);
    await expectLocked(realFileSystem.lock(directory), 'this process');
    await holder.terminate();
    await lockAndRelease();

    const held = await realFileSystem.lock(directory);
    const refused = startSourceWorker(source + KEEP_ALIVE);
    expect(String(await once(refused, 'message'))).toContain('STEME_LOCKED');
    await refused.terminate();
    await held.release();
  });

  it('does not keep its process alive', async () => {
    const { child, line } = await startProcess(lockingSource(PRINT));
    expect(line).toBe('locked');
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
  });

  it('knows the directory by any of its names', async () => {
    const held = await realFileSystem.lock(directory);
    const alias = `${directory}-alias`;
    await symlink(directory, alias);
    await expectLocked(realFileSystem.lock(alias), 'this process');
    await rm(alias);
    await held.release();
  });

  it('refuses a directory whose LOCK names a live process that its socket does not show', async () => {
    const { child } = await startProcess(lockingSource(PRINT) + KEEP_ALIVE);
    const elsewhere = join(directory, 'elsewhere');
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, 'LOCK'), await readFile(join(directory, 'LOCK')));
    await expectLocked(realFileSystem.lock(elsewhere), `process ${child.pid}`);
    await kill(child);
    await (await realFileSystem.lock(elsewhere)).release();
  });

  it('takes over a LOCK of this very process, whose socket is gone', async () => {
    const leftover = { ...ownIdentity(), hostname: 'here', openedAt: new Date().toISOString() };
    await writeFile(join(directory, 'LOCK'), JSON.stringify(leftover));
    await lockAndRelease();
  });

  it('needs no directory that it can write to', async () => {
    await chmod(directory, 0o555);
    // Modes do not bind root: the child puts its rights away once it has loaded its modules.
    const demote = `if (process.getuid() === 0) { process.setegid(${NOBODY}); process.seteuid(${NOBODY}); }`;
    const { child, line } = await startProcess(lockingSource(PRINT, demote) + KEEP_ALIVE);
    expect(line).toBe('locked');
    expect(await readdir(directory)).toEqual([]);
    await expectLocked(realFileSystem.lock(directory), 'is open elsewhere');
    await kill(child);
    await lockAndRelease();
  });

  it('refuses a path that is no directory', async () => {
    await writeFile(join(directory, 'file'), '');
    await expect(realFileSystem.lock(join(directory, 'file'))).rejects.toMatchObject({
      code: 'STEME_IO',
      cause: { code: 'ENOTDIR' },
    });
  });
});

describe('the portable lock', () => {
  it('is taken over when its process was killed', async () => {
    const { child, line } = await startProcess(
      lockingSource(PRINT).replace('await lockDirectory(', 'await lockByFile(') + KEEP_ALIVE,
    );
    expect(line).toBe('locked');
    await expectLocked(lockByFile(directory), `process ${child.pid}`);
    await kill(child);
    await (await lockByFile(directory)).release();
    expect(await readdir(directory)).toEqual([]);
  });
});
