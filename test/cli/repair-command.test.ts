import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { open } from '../../src/index.js';
import { steme, temporaryDirectory } from './cli-harness.js';

/** A database with one table, its name, and how to flip a bit of it. */
async function withOneTable(): Promise<{ db: string; table: string; flip: (at: number) => Promise<void> }> {
  const db = join(await temporaryDirectory(), 'db');
  const database = await open(db, { blockBytes: 256, compression: 'none' });
  for (let i = 0; i < 100; i++) await database.put(`key ${String(i).padStart(3, '0')}`, `value ${i}`, { sync: false });
  await database.flush();
  await database.close();
  const [table] = (await readdir(db)).filter((name) => name.endsWith('.sst'));
  const flip = async (at: number): Promise<void> => {
    const bytes = await readFile(join(db, table));
    bytes[at] ^= 1;
    await rm(join(db, table));
    await writeFile(join(db, table), bytes);
  };
  return { db, table, flip };
}

describe('steme repair', () => {
  it('says so where nothing is damaged, and changes nothing', async () => {
    const { db } = await withOneTable();
    const before = await readdir(db);
    expect(await steme(['repair', '--db', db])).toMatchObject({
      exitCode: 0,
      stdout: `${db} is not damaged: nothing was changed\n`,
    });
    expect(await readdir(db)).toEqual(before);
  });

  it('tells what a dry run finds with exit code 5, and then does it', async () => {
    const { db, table, flip } = await withOneTable();
    await flip(600);
    const dry = await steme(['repair', '--db', db, '--dry-run']);
    expect(dry.exitCode).toBe(5);
    expect(dry.stdout).toContain(`${table}: salvaged`);
    expect(dry.stdout).toContain('damaged; a repair would come to: ');
    const done = await steme(['repair', '--db', db]);
    expect(done.exitCode).toBe(0);
    expect(done.stdout).toMatch(/affected: keys from key \d{3} to key \d{3}\n/);
    expect(done.stdout).toMatch(/\nrepaired: .* the report in lost\/report-.*\.json\n$/);
    expect(await readdir(join(db, 'lost'))).toContain(table);
    const scan = await steme(['scan', '--db', db, '--keys-only']);
    expect(scan.exitCode).toBe(0);
    expect(scan.stdout.split('\n').length).toBeGreaterThan(80);
  });

  it('prints the whole report as JSON', async () => {
    const { db, table, flip } = await withOneTable();
    await flip(600);
    const { stdout, stderr } = await steme(['repair', '--db', db, '--json']);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      isDamaged: true,
      manifest: 'sound',
      files: [{ file: table, outcome: 'salvaged', spans: [{ savedAs: expect.stringContaining(`lost/${table}.`) }] }],
    });
  });

  it('refuses what is no database, and one that is open', async () => {
    const empty = await temporaryDirectory();
    expect(await steme(['repair', '--db', empty])).toMatchObject({ exitCode: 1 });
    const { db } = await withOneTable();
    await using _database = await open(db);
    expect(await steme(['repair', '--db', db])).toMatchObject({ exitCode: 4 });
  });
});

describe('--read-around', () => {
  it('reads what is intact of a database that does not open otherwise', async () => {
    const { db, table } = await withOneTable();
    const database = await open(db);
    await database.put('log', 'entry');
    await database.close();
    await rm(join(db, table));
    const refused = await steme(['get', '--db', db, 'log']);
    expect(refused).toMatchObject({ exitCode: 5, stderr: expect.stringContaining('"steme repair"') });
    expect(await steme(['get', '--db', db, 'log', '--read-around'])).toMatchObject({ exitCode: 0, stdout: 'entry' });
    expect(await steme(['get', '--db', db, 'key 050', '--read-around'])).toMatchObject({ exitCode: 5 });
    expect(await steme(['stats', '--db', db, '--read-around'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`DAMAGE`),
    });
  });
});
