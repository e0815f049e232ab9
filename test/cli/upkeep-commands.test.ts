import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Database, type Options, open } from '../../src/index.js';
import { steme, temporaryDirectory } from './cli-harness.js';

let directory: string;
let db: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
  db = join(directory, 'db');
});

async function withDatabase(work: (database: Database) => Promise<void>, options: Options = {}): Promise<void> {
  const database = await open(db, { threads: 1, autoCompact: false, ...options });
  await work(database);
  await database.close();
}

describe('steme checkpoint', () => {
  it('makes a database that is opened at once', async () => {
    await withDatabase((database) => database.put('a', '1'));
    const copy = join(directory, 'copy');
    const { exitCode, stdout } = await steme(['checkpoint', '--db', db, copy]);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^checkpoint at sequence 1 in .*copy \(1 files, .* B, by links\)\n$/),
    });
    expect((await steme(['scan', '--db', copy])).stdout).toBe('a\t1\n');
    const again = await steme(['checkpoint', '--db', db, '--json', copy]);
    expect(again.exitCode).toBe(1);
    expect(JSON.parse(again.stderr)).toMatchObject({ error: { code: 'STEME_EXISTS' } });
    const other = await steme(['checkpoint', '--db', db, '--json', join(directory, 'other')]);
    expect(JSON.parse(other.stdout)).toMatchObject({ sequence: 1, fileCount: 1, copiedBytes: 0 });
  });

  it('never makes a database to copy from', async () => {
    expect((await steme(['checkpoint', '--db', db, join(directory, 'copy')])).exitCode).toBe(1);
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('steme compact', () => {
  it('merges everything, or a range', async () => {
    await withDatabase(async (database) => {
      for (const value of ['1', '2']) {
        await database.batch(['a', 'b'].map((key) => ({ type: 'put', key, value: value.repeat(3000) })));
        await database.flush();
      }
    });
    const { exitCode, stdout } = await steme(['compact', '--db', db, '--json', '--gte', 'a', '--lt', 'c']);
    expect(exitCode).toBe(0);
    const { beforeBytes, afterBytes } = JSON.parse(stdout) as { beforeBytes: number; afterBytes: number };
    expect(afterBytes).toBeLessThan(beforeBytes);
    const again = await steme(['compact', '--db', db]);
    expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^compacted: .* before, .* now\n$/) });
    expect((await steme(['get', '--db', db, 'a'])).stdout).toBe('2'.repeat(3000));
  });

  it('refuses bounds that are the wrong way round, and a database that is not there', async () => {
    expect((await steme(['compact', '--db', db])).exitCode).toBe(1);
    await withDatabase((database) => database.put('a', '1'));
    expect((await steme(['compact', '--db', db, '--gte', 'b', '--lt', 'a'])).exitCode).toBe(2);
  });

  it('stops at a signal with exit code 130', async () => {
    await withDatabase((database) => database.put('a', '1'));
    expect(await steme(['compact', '--db', db], { signal: AbortSignal.abort() })).toMatchObject({ exitCode: 130 });
  });
});

describe('steme size', () => {
  it('tells about how large a range is', async () => {
    // In memory they take their length; in a table, next to nothing.
    const leftInLog = { flushOnClose: false };
    await withDatabase(async (database) => {
      await database.put('a', '1'.repeat(999));
      await database.put('m', '2'.repeat(1999));
    }, leftInLog);
    expect(await steme(['size', '--db', db])).toEqual({ exitCode: 0, stdout: 'about 3.0 kB\n', stderr: '' });
    const { stdout } = await steme(['size', '--db', db, '--gte', 'b', '--lt', 'z', '--json']);
    expect(JSON.parse(stdout)).toEqual({ bytes: 2000 });
    expect((await steme(['size', '--db', db, '--gte', 'z', '--lt', 'b'])).exitCode).toBe(2);
  });
});
