import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { open } from '../../src/index.js';
import { temporaryDirectory } from '../cli/cli-harness.js';
import { keyOfLine } from './lines-of-bytes.js';
import { entriesOf } from './scan.js';
import { type SourceProcess, startSteme, steme } from './steme-process.js';

const REFUSED_WITHIN_MS = 2000;

/** An ingest of one line a batch, that has the database open and waits for its second line. */
async function holdingIngest(db: string): Promise<SourceProcess> {
  const holder = startSteme(['ingest', '-', '--db', db, '--source', 'held', '--batch', '1']);
  holder.child.stdin.write('first\n');
  // Written once the lock is taken. A look by opening the database could take the lock from the holder.
  while (!existsSync(join(db, 'LOCK'))) await delay(20);
  return holder;
}

describe('a database that another process has open', () => {
  it('is refused to a second ingest at once with exit code 4, by the pid of the holder, who goes on', async () => {
    const directory = await temporaryDirectory();
    const db = join(directory, 'db');
    const file = join(directory, 'two.log');
    await writeFile(file, 'one\ntwo\n');
    const holder = await holdingIngest(db);

    const startedAtMs = performance.now();
    await expect(open(db)).rejects.toMatchObject({ code: 'STEME_LOCKED' });
    // Issue 2 promises "at once": a wait or a row of attempts would show here, where no process has to start first.
    expect(performance.now() - startedAtMs).toBeLessThan(REFUSED_WITHIN_MS);

    const { exitCode, stdout, stderr } = await steme(['ingest', file, '--db', db]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: '' });
    expect(stderr).toMatch(
      new RegExp(`^steme: .* is open in process ${holder.child.pid} on .*: close it there first\n`),
    );
    const report = await steme(['scan', '--db', db, '--json']);
    expect(report.exitCode).toBe(4);
    expect(JSON.parse(report.stderr).error.code).toBe('STEME_LOCKED');

    holder.child.stdin.end('second\n');
    expect(await holder.outcome).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^ingested 2 records/) });
  });

  it('opens again without help once the holder was killed', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const holder = await holdingIngest(db);
    holder.child.kill('SIGKILL');
    expect(await holder.outcome).toMatchObject({ exitCode: null });
    await using database = await open(db);
    await database.put('after', 'it');
    const entries = (await entriesOf(database)).map(([key, value]) => [key, value.toString()]);
    expect(entries.filter(([key]) => key !== keyOfLine('held', 1))).toEqual([['after', 'it']]);
  });
});
