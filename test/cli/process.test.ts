import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { open } from '../../src/index.js';
import { temporaryDirectory } from './cli-harness.js';

const root = join(import.meta.dirname, '../..');

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** `steme` as a process of its own. */
function spawnSteme(argv: readonly string[]): Child {
  const main = join(root, 'src/cli/main.ts');
  return spawn(process.execPath, ['--import', 'tsx', main, ...argv], { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] });
}

async function outcomeOf(child: Child): Promise<{ exitCode: unknown; stdout: string; stderr: string }> {
  const [[exitCode], stdout, stderr] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { exitCode, stdout, stderr };
}

describe('the steme process', () => {
  it('ends tidily at SIGINT while its input is silent, and stored what it says', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const child = spawnSteme(['ingest', '-', '--db', db, '--source', 's', '--batch', '1']);
    const outcome = outcomeOf(child);
    child.stdin.write('one\ntwo\nthr');
    await untilOpen(db);
    child.kill('SIGINT');
    const { exitCode, stdout } = await outcome;
    expect(exitCode).toBe(130);
    const lastLine = Number(/interrupted after line (\d)/.exec(stdout)?.[1]);
    const database = await open(db);
    const stored = await database.getMany([1, 2, 3].map((line) => `s:00000000000${line}`));
    expect(stored.map(String)).toEqual(['one', 'two', 'thr'].map((value, i) => (i < lastLine ? value : 'undefined')));
    expect(lastLine).toBeLessThanOrEqual(2);
    await database.close();
  });

  it.each(['--help', 'ingest --help', '--version'])('ends so, too, when nobody reads its %s', async (line) => {
    const child = spawnSteme(line.split(' '));
    child.stdout.destroy();
    const [[exitCode], stderr] = await Promise.all([once(child, 'exit'), text(child.stderr)]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it('rejects, repairs and replays, each in a process of its own', async () => {
    const directory = await temporaryDirectory();
    const db = join(directory, 'db');
    const fix = join(directory, 'fix.mjs');
    await writeFile(fix, 'export default ({ payload }) => payload + "}";\n');
    const ingest = spawnSteme(['ingest', '-', '--db', db, '--source', 's', '--format', 'ndjson', '--key', 'id']);
    ingest.stdin.end('{"id":1}\n{"id":2\n{"id":3\n');
    const ingested = await outcomeOf(ingest);
    expect(ingested).toMatchObject({ exitCode: 0, stderr: '' });
    const command = /2 rejected \(malformed 2\): steme (.*)\n$/.exec(ingested.stdout)?.[1] ?? '';
    const listed = await outcomeOf(spawnSteme(command.split(' ')));
    expect(listed.stdout.split('\n').map((line) => line.split('\t').at(-1))).toEqual(['{"id":2', '{"id":3', '']);
    const replayed = await outcomeOf(spawnSteme(['quarantine', 'replay', '--db', db, '--key', 'id', '--fix', fix]));
    expect(replayed).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^replayed 2 of 2 entries/) });
    const scanned = await outcomeOf(spawnSteme(['scan', '--db', db]));
    expect(scanned.stdout).toBe('1\t{"id":1}\n2\t{"id":2}\n3\t{"id":3}\n');
  });

  it('ends without a complaint when its reader goes away', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const database = await open(db);
    await database.batch(
      Array.from({ length: 20_000 }, (_, index) => ({ type: 'put', key: `key ${index}`, value: 'x'.repeat(100) })),
    );
    await database.close();
    const child = spawnSteme(['scan', '--db', db]);
    child.stdout.once('data', () => child.stdout.destroy());
    const [[exitCode], stderr] = await Promise.all([once(child, 'exit'), text(child.stderr)]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });
});

/** The lock file is written once the process has the database. */
async function untilOpen(db: string): Promise<void> {
  while (!existsSync(join(db, 'LOCK'))) await new Promise((resolve) => setTimeout(resolve, 20));
}
