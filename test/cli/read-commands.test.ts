import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { open } from '../../src/index.js';
import { steme, temporaryDirectory } from './cli-harness.js';

async function newDatabase(entries: Record<string, string | Uint8Array>): Promise<string> {
  const db = join(await temporaryDirectory(), 'db');
  const database = await open(db);
  for (const [key, value] of Object.entries(entries)) await database.put(key, value);
  await database.close();
  return db;
}

describe('steme get', () => {
  it('prints the value byte for byte', async () => {
    const db = await newDatabase({ k: 'value\twith\nlines' });
    expect(await steme(['get', '--db', db, 'k'])).toEqual({ exitCode: 0, stdout: 'value\twith\nlines', stderr: '' });
  });

  it('prints JSON, with base64 for what is no text', async () => {
    const db = await newDatabase({ text: 'é', bytes: Uint8Array.of(0xff) });
    expect((await steme(['get', '--db', db, '--json', 'text'])).stdout).toBe('{"key":"text","value":"é"}\n');
    expect((await steme(['get', '--db', db, '--json', 'bytes'])).stdout).toBe(
      '{"key":"bytes","value":{"base64":"/w=="}}\n',
    );
  });

  it('prints an empty value as nothing, which is not the same as no value', async () => {
    const db = await newDatabase({ empty: '' });
    expect(await steme(['get', '--db', db, 'empty'])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(await steme(['get', '--db', db, 'other'])).toMatchObject({ exitCode: 3, stdout: '' });
  });

  it('takes an empty key as wrong usage', async () => {
    const db = await newDatabase({ k: 'v' });
    expect((await steme(['get', '--db', db, ''])).exitCode).toBe(2);
  });

  it('leaves the database as it is', async () => {
    const db = await newDatabase({ k: 'v' });
    const before = await readdir(db);
    await steme(['get', '--db', db, 'k']);
    expect(await readdir(db)).toEqual(before);
  });
});

describe('steme scan', () => {
  const entries = { a: '1', b: '2', c: '3\n', d: '4' };

  it.each([
    [[], 'a\t1\nb\t2\nc\t3\\n\nd\t4\n'],
    [['--gte', 'b', '--lt', 'd'], 'b\t2\nc\t3\\n\n'],
    [['--gt', 'b', '--lte', 'd', '--keys-only'], 'c\nd\n'],
    [['--reverse', '--limit', '2'], 'd\t4\nc\t3\\n\n'],
    [['--limit', '0'], ''],
    [['--limit', '1', '--json'], '{"key":"a","value":"1"}\n'],
    [['--limit', '1', '--json', '--keys-only'], '{"key":"a"}\n'],
    [['--gt', 'd'], ''],
  ])('with %j prints the entries asked for', async (flags, expected) => {
    const db = await newDatabase(entries);
    expect(await steme(['scan', '--db', db, ...flags])).toEqual({ exitCode: 0, stdout: expected, stderr: '' });
  });

  it('prints everything, whatever the sizes of pages', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 3000 }, (_, index) => [
        `k${String(index).padStart(5, '0')}`,
        'x'.repeat(index % 700 === 0 ? 900_000 : 10),
      ]),
    );
    const db = join(await temporaryDirectory(), 'db');
    const database = await open(db);
    await database.batch(Object.entries(many).map(([key, value]) => ({ type: 'put', key, value })));
    await database.close();
    const { stdout } = await steme(['scan', '--db', db]);
    expect(stdout.split('\n').slice(0, -1)).toEqual(Object.entries(many).map(([key, value]) => `${key}\t${value}`));
  });

  it('stops at a signal', async () => {
    const db = await newDatabase(entries);
    expect(await steme(['scan', '--db', db], { signal: AbortSignal.abort() })).toMatchObject({
      exitCode: 130,
      stdout: '',
    });
  });
});

describe('steme stats', () => {
  it('prints a row for every level, and their sum', async () => {
    const directory = await temporaryDirectory();
    const db = join(directory, 'db');
    await steme(['ingest', '-', '--db', db, '--source', 's'], { input: 'one\ntwo\nthree\n' });
    const { exitCode, stdout } = await steme(['stats', '--db', db]);
    expect(exitCode).toBe(0);
    const table = stdout.slice(stdout.indexOf('level')).trimEnd().split('\n');
    expect(table[0]).toMatch(/^level +files +entries +tombstones +stored +raw +stored\/raw$/);
    expect(table.slice(1).map((row) => row.split(/\s+/)[0])).toEqual([
      'L0',
      'L1',
      'L2',
      'L3',
      'L4',
      'L5',
      'L6',
      'total',
    ]);
    expect(table.at(-1)).toMatch(/^total +1 +3 +0 /);
  });

  it('prints the whole of it as JSON', async () => {
    const db = await newDatabase({ k: 'v' });
    const stats = JSON.parse((await steme(['stats', '--db', db, '--json'])).stdout);
    expect(stats).toMatchObject({ readOnly: true, sequence: { visible: 1 }, blockCache: { hits: 0 } });
    expect(stats.levels).toHaveLength(7);
  });
});

describe.each([
  ['get', ['k']],
  ['scan', []],
  ['stats', []],
])('steme %s', (command, rest) => {
  it('does not make a database that is not there', async () => {
    const directory = await temporaryDirectory();
    const { exitCode, stderr } = await steme([command, '--db', join(directory, 'none'), ...rest]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^steme: .*none.*\nhint: check --db; "steme ingest" creates a database\n$/);
    expect(await readdir(directory)).toEqual([]);
  });

  it('exits with code 4 while another opener has the database', async () => {
    const db = await newDatabase({ k: 'v' });
    const database = await open(db);
    const { exitCode, stderr } = await steme([command, '--db', db, '--json', ...rest]);
    await database.close();
    expect(exitCode).toBe(4);
    expect(JSON.parse(stderr).error.code).toBe('STEME_LOCKED');
  });

  it('exits with code 5 when the database is damaged', async () => {
    const db = await newDatabase({ k: 'v' });
    const manifest = (await readdir(db)).find((name) => name.startsWith('MANIFEST')) ?? '';
    const bytes = await readFile(join(db, manifest));
    bytes[bytes.length >> 1] ^= 0xff;
    await writeFile(join(db, manifest), bytes);
    const { exitCode, stderr } = await steme([command, '--db', db, ...rest]);
    expect(stderr).toContain(manifest);
    expect(exitCode).toBe(5);
  });
});
