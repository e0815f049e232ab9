import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { open } from '../../src/index.js';
import { steme, Terminal, temporaryDirectory } from './cli-harness.js';

let db: string;
beforeEach(async () => {
  db = join(await temporaryDirectory(), 'db');
});

/** Two tables and a blob file. */
async function fill(): Promise<void> {
  const database = await open(db, { threads: 1, autoCompact: false });
  for (const value of ['1', '2']) {
    await database.batch(['a', 'b'].map((key) => ({ type: 'put', key, value: value.repeat(300) })));
    await database.put('large', value.repeat(9000));
    await database.flush();
  }
  await database.close();
}

async function filesEndingIn(ending: string): Promise<string[]> {
  return (await readdir(db)).filter((name) => name.endsWith(ending));
}

async function damage(name: string, at: number): Promise<void> {
  const bytes = await readFile(join(db, name));
  bytes[at] ^= 1;
  await writeFile(join(db, name), bytes);
}

describe('steme verify', () => {
  it('says that a sound database is sound, in workers', async () => {
    await fill();
    const { exitCode, stdout, stderr } = await steme(['verify', '--db', db, '--threads', '2']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(
      /^ +files +bytes +entries\nmanifest +1 .*\nlog .*\ntables +2 .* 6\nblobs +2 .* 2\nsound: .*\/s\n$/,
    );
    expect(JSON.parse((await steme(['verify', '--db', db, '--json'])).stdout)).toMatchObject({
      isSound: true,
      findings: [],
      tables: { files: 2, entries: 6 },
    });
  });

  it('names every damage, what to do next, and exits with 5', async () => {
    await fill();
    const [first, second] = await filesEndingIn('.sst');
    const [blob] = await filesEndingIn('.blob');
    await damage(first, 3);
    await damage(second, 3);
    await damage(blob, 30);
    const { exitCode, stdout } = await steme(['verify', '--db', db]);
    expect(exitCode).toBe(5);
    const lines = stdout.split('\n');
    expect(lines.filter((line) => line.startsWith(`${first} at byte 0: expected block checksum`))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith(`${second} at byte 0: expected block checksum`))).toHaveLength(1);
    expect(stdout).toMatch(/DAMAGED in [23] places: /);
    expect(stdout).toContain(`steme repair --db ${db}`);
    const json = await steme(['verify', '--db', db, '--json']);
    expect(json.exitCode).toBe(5);
    const { findings } = JSON.parse(json.stdout) as { findings: unknown[] };
    expect(findings).toContainEqual({ file: first, kind: 'table', offsetBytes: 0, problem: expect.any(String) });
  });

  it('refuses what is no database, or is open, or was asked for wrongly', async () => {
    expect((await steme(['verify', '--db', db])).exitCode).toBe(1);
    const database = await open(db, { threads: 1 });
    expect((await steme(['verify', '--db', db])).exitCode).toBe(4);
    await database.close();
    expect((await steme(['verify', '--db', db, '--threads', '99'])).exitCode).toBe(2);
    expect((await steme(['verify', '--db', db], { signal: AbortSignal.abort() })).exitCode).toBe(130);
  });

  it('shows a bar on a terminal only', async () => {
    await fill();
    const stderr = new Terminal();
    await steme(['verify', '--db', db], { stderr });
    expect(stderr.text).toContain('%');
  });
});
