import { chmod, chown, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { open } from '../../src/index.js';
import { temporaryDirectory } from '../cli/cli-harness.js';
import { type ProcessOutcome, steme } from './steme-process.js';

const isRoot = process.getuid?.() === 0;
/** Permissions do not bind root, so it acts as nobody. */
const user = isRoot ? { uid: 65534, gid: 65534 } : undefined;
const who = isRoot ? 'as the user nobody' : 'as an ordinary user';

/** A directory that `user` can reach, with a file of two lines in it. */
async function reachableDirectory(): Promise<{ directory: string; file: string }> {
  const directory = await temporaryDirectory();
  await chmod(directory, 0o755);
  const file = join(directory, 'two.log');
  await writeFile(file, 'one\ntwo\n', { mode: 0o644 });
  return { directory, file };
}

/** A directory with `mode` that is not `user`'s to change, or made so again after the test that it can be removed. */
async function forbiddenDirectory(path: string, mode: number): Promise<string> {
  await mkdir(path);
  if (isRoot) await chown(path, 0, 0);
  await chmod(path, mode);
  onTestFinished(() => chmod(path, 0o755));
  return path;
}

function expectDenied({ exitCode, stdout, stderr }: ProcessOutcome, path: string): void {
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  const [message, hint, ...rest] = stderr.split('\n');
  expect(message).toMatch(/^steme: cannot .*: permission denied; check owner and mode \(EACCES\)$/);
  expect(message).toContain(path);
  expect([hint, ...rest]).toEqual(['hint: check the permissions, also those of the directories above', '']);
}

describe(`without permission, ${who}`, () => {
  it('a database is not made below a directory that may not be written, and nothing is left there', async () => {
    const { directory, file } = await reachableDirectory();
    const parent = await forbiddenDirectory(join(directory, 'parent'), 0o555);
    expectDenied(await steme(['ingest', file, '--db', join(parent, 'db')], { user }), join(parent, 'db'));
    expect(await readdir(parent)).toEqual([]);
  });

  it('a database is not made in a directory that may not be written, and nothing is left there', async () => {
    const { directory, file } = await reachableDirectory();
    const db = await forbiddenDirectory(join(directory, 'db'), 0o555);
    expectDenied(await steme(['ingest', file, '--db', db], { user }), db);
    expect(await readdir(db)).toEqual([]);
  });

  it('a directory that may not even be entered is refused, and nothing is left there', async () => {
    const { directory, file } = await reachableDirectory();
    const db = await forbiddenDirectory(join(directory, 'db'), 0o000);
    expectDenied(await steme(['ingest', file, '--db', db], { user }), db);
    await chmod(db, 0o755);
    expect(await readdir(db)).toEqual([]);
  });

  it('a source that may not be read is refused before a database is made', async () => {
    const { directory, file } = await reachableDirectory();
    const parent = await forbiddenDirectory(join(directory, 'parent'), 0o777);
    await chmod(file, 0o000);
    expectDenied(await steme(['ingest', file, '--db', join(parent, 'db')], { user }), file);
    expect(await readdir(parent)).toEqual([]);
  });
});

describe(`a database that may be read and not written, ${who}`, () => {
  /** The database of somebody else: one record in a table, one in the log. */
  async function databaseOfAnother(): Promise<{ db: string; file: string; names: string[] }> {
    const { directory, file } = await reachableDirectory();
    const db = join(directory, 'db');
    const database = await open(db);
    await database.put('flushed', '1');
    await database.flush();
    await database.put('logged', '2');
    await database.close();
    const names = await readdir(db);
    for (const name of names) await chmod(join(db, name), 0o444);
    await chmod(db, 0o555);
    onTestFinished(() => chmod(db, 0o755));
    return { db, file, names };
  }

  it('is read with readOnly, table and log, and nothing in the directory changes', async () => {
    const { db, names } = await databaseOfAnother();
    const { exitCode, stdout, stderr } = await steme(['scan', '--db', db], { user });
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: 'flushed\t1\nlogged\t2\n', stderr: '' });
    expect(await readdir(db)).toEqual(names);
  });

  it('is not opened for writing, and nothing in the directory changes', async () => {
    const { db, file, names } = await databaseOfAnother();
    expectDenied(await steme(['ingest', file, '--db', db], { user }), db);
    expect(await readdir(db)).toEqual(names);
  });
});
