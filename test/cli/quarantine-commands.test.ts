import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { open } from '../../src/index.js';
import { steme, Terminal, temporaryDirectory } from './cli-harness.js';

let db: string;
let directory: string;

/** Three entries of one tenant, one of another: JSON documents that lost their ends. */
beforeEach(async () => {
  directory = await temporaryDirectory();
  db = join(directory, 'db');
  const database = await open(db);
  const append = (tenant: string, line: number, reason: string) =>
    database.quarantine.append(tenant, `{"id":${line}`, {
      reason,
      detail: `line ${line} is not JSON`,
      id: `a.ndjson:${line}`,
      source: 'a.ndjson',
      position: line,
      timestamp: Date.UTC(2026, 0, line),
    });
  for (const line of [1, 2, 3]) await append('acme', line, line === 2 ? 'other' : 'malformed');
  await append('zoo', 4, 'malformed');
  await database.close();
});

/** What a command draws on a terminal. */
async function drawnBy(argv: string[]): Promise<string> {
  const stderr = new Terminal();
  await steme(argv, { stderr });
  return stderr.text;
}

async function fixModule(): Promise<string> {
  const path = join(directory, 'fix.mjs');
  await writeFile(path, 'export default ({ payload }) => payload + "}";\n');
  return path;
}

describe('steme quarantine', () => {
  it('ls prints an entry a line', async () => {
    const { stdout, exitCode } = await steme([
      'quarantine',
      'ls',
      '--db',
      db,
      '--tenant',
      'acme',
      '--reason',
      'malformed',
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      'a.ndjson:1\tacme\t2026-01-01T00:00:00.000Z\t0x\tmalformed\tline 1 is not JSON\t{"id":1\n' +
        'a.ndjson:3\tacme\t2026-01-03T00:00:00.000Z\t0x\tmalformed\tline 3 is not JSON\t{"id":3\n',
    );
    const limited = await steme(['quarantine', 'ls', '--db', db, '--from', '2026-01-02', '--limit', '2', '--json']);
    expect(
      limited.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).number),
    ).toEqual([2, 3]);
  });

  it('tenants prints a row a tenant', async () => {
    const { stdout } = await steme(['quarantine', 'tenants', '--db', db]);
    expect(stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['tenant', 'entries', 'replayed', 'bytes', 'segments'],
      ['acme', '3', '0', '21 B', '1'],
      ['zoo', '1', '0', '7 B', '1'],
      [''],
    ]);
  });

  it('show prints a record as it came, or says that there is none', async () => {
    expect((await steme(['quarantine', 'show', 'a.ndjson:3', '--db', db, '--tenant', 'acme'])).stdout).toBe('{"id":3');
    const missing = await steme(['quarantine', 'show', 'nothing', '--db', db, '--tenant', 'acme']);
    expect(missing).toMatchObject({
      exitCode: 3,
      stderr: 'steme: the quarantine of acme has no entry nothing\nhint: "steme quarantine ls" tells the ids\n',
    });
  });

  it('replay shows a bar on a terminal, and a line where a filter leaves its end open', async () => {
    const replay = ['quarantine', 'replay', '--db', db, '--format', 'ndjson', '--dry-run'];
    expect((await drawnBy(replay)).includes('100%')).toBe(true);
    const line = await drawnBy([...replay, '--reason', 'malformed']);
    expect(line).toContain('reading');
    expect(line).not.toContain('%');
  });

  it('replay repairs, stores under the keys of ingest, and leaves what fails', async () => {
    const replay = ['quarantine', 'replay', '--db', db, '--format', 'ndjson', '--key', 'id'];
    const failing = await steme([...replay, '--strict']);
    expect(failing.exitCode).toBe(6);
    expect(failing.stdout).toMatch(
      /^replayed 0 of 4 entries in .*, 4 failed and stay \("steme quarantine ls" says why\)\n$/,
    );
    const fix = await fixModule();
    expect((await steme([...replay, '--fix', fix, '--dry-run', '--json'])).stdout).toMatch(/"replayed":4/);
    const done = await steme([...replay, '--fix', fix]);
    expect(done).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^replayed 4 of 4 entries in /) });
    expect((await steme(['scan', '--db', db])).stdout).toBe('1\t{"id":1}\n2\t{"id":2}\n3\t{"id":3}\n4\t{"id":4}\n');
    expect(await steme(['quarantine', 'ls', '--db', db])).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: 'note: nothing is in quarantine; --all shows what was replayed\n',
    });
    const audits = (await steme(['quarantine', 'audits', '--db', db])).stdout.trim().split('\n');
    expect(audits.map((line) => JSON.parse(line).counts.replayed)).toEqual([0, 4]);
  });

  it('replay gives lines the keys of their places', async () => {
    await steme(['quarantine', 'replay', '--db', db, '--tenant', 'zoo']);
    expect((await steme(['scan', '--db', db])).stdout).toBe('a.ndjson:000000000004\t{"id":4\n');
  });

  it('export prints entries whole, and purge removes them', async () => {
    const exported = (await steme(['quarantine', 'export', '--db', db, '--tenant', 'zoo'])).stdout;
    expect(JSON.parse(exported)).toMatchObject({ number: 4, tenant: 'zoo', position: 4, payload: '{"id":4' });
    const purged = await steme(['quarantine', 'purge', '--db', db, '--tenant', 'acme', '--before', '2999-01-01']);
    expect(purged.stdout).toBe('removed 3 entries\n');
    expect((await steme(['quarantine', 'tenants', '--db', db])).stdout).toMatch(/^acme +0 /m);
  });

  it('dry runs tell what a replay would do, and write nothing', async () => {
    const fix = await fixModule();
    const argv = ['quarantine', 'replay', '--db', db, '--format', 'ndjson', '--dry-run', '--fix', fix];
    expect((await steme([...argv, '--key', 'id'])).stdout).toMatch(/^would replay 4 of 4 entries in /);
    expect((await steme([...argv, '--key', 'no'])).stdout).toMatch(
      /^would replay 0 of 4 entries in .*, 4 would fail and stay/,
    );
    expect((await steme(['scan', '--db', db])).stdout).toBe('');
    const { stdout } = await steme(['quarantine', 'ls', '--db', db, '--json']);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).attempts),
    ).toEqual([0, 0, 0, 0]);
  });

  it('takes ages from the clock of its environment', async () => {
    const clock = { nowMs: () => Date.UTC(2026, 0, 3, 12), monotonicMs: () => 0 };
    const idsFrom = async (age: string): Promise<string[]> => {
      const argv = ['quarantine', 'ls', '--db', db, '--tenant', 'acme', '--from', age, '--json'];
      const lines = (await steme(argv, { clock })).stdout.split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line).id);
    };
    expect(await idsFrom('13h')).toEqual(['a.ndjson:3']);
    expect(await idsFrom('720m')).toEqual(['a.ndjson:3']);
    expect(await idsFrom('719m')).toEqual([]);
    expect(await idsFrom('2d')).toEqual(['a.ndjson:2', 'a.ndjson:3']);
  });

  it.each([
    [['ls'], 'nothing is in quarantine; --all shows what was replayed'],
    [['ls', '--all'], 'the quarantine is empty'],
    [['ls', '--tenant', 'nobody'], 'no entry matches; "steme quarantine tenants" tells what there is'],
    [['export', '--reason', 'none'], 'no entry matches; "steme quarantine tenants" tells what there is'],
    [['tenants'], 'the quarantine has no tenants'],
    [['audits'], 'nothing was replayed yet'],
    [['replay'], 'there was nothing to replay'],
    [['purge', '--tenant', 'acme', '--before', '1d'], 'no segment of the tenant has only entries from before that'],
  ])('%j says so where there is nothing, which is no error', async (words, note) => {
    const empty = join(directory, 'empty');
    await (await open(empty)).close();
    const argv = ['quarantine', ...words, '--db', empty];
    expect(await steme(argv)).toMatchObject({ exitCode: 0, stderr: `note: ${note}\n` });
    expect(await steme([...argv, '--json'])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it.each([
    ['a time that is none', ['ls', '--from', 'soon'], /It must be a time .* or an age/],
    ['a database that is not there', ['ls', '--db', '/nowhere/at/all'], /hint: check --db/],
    ['a fix that is no function', ['replay', '--fix', 'package.json'], /./],
    ['keys of lines', ['replay', '--format', 'lines', '--key', 'id'], /--key needs records with fields/],
    ['a purge without a tenant', ['purge', '--before', '1d'], /--tenant/],
  ])('tells about %s', async (_name, argv, message) => {
    const { exitCode, stderr } = await steme(['quarantine', ...argv, ...(argv.includes('--db') ? [] : ['--db', db])]);
    expect(exitCode).toBeGreaterThan(0);
    expect(stderr).toMatch(message);
  });
});
