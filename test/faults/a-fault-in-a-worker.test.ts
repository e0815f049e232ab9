import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/engine/api.js';
import { open } from '../../src/index.js';
import { outcomeOf, settles } from '../support/settles.js';
import { entriesOf } from './scan.js';

let directory: string;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'stemedb-')), 'db');
});
afterEach(() => rm(join(directory, '..'), { recursive: true }));

/** Merged by hand only, so that the fault is met by the call that is looked at. */
const OPTIONS = { threads: 1, autoCompact: false, readMode: 'pread' } as const;

async function putTable(db: Database, value: string): Promise<void> {
  for (let i = 0; i < 200; i++) await db.put(`key ${i % 50} ${i}`, value.repeat(50), { sync: false });
  await db.flush();
}

async function tables(): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith('.sst')).sort();
}

// laws 5, 11: the fault is met in another thread, and its error must come back as it was
describe('a fault that a job meets in a worker thread', () => {
  it('damage in an input refuses the compaction with file and offset; the database goes on', async () => {
    const db = await open(directory, OPTIONS);
    await putTable(db, 'a');
    await putTable(db, 'b');
    const entries = await entriesOf(db);
    const [damaged] = await tables();
    const path = join(directory, damaged);
    const sound = await readFile(path);
    const bytes = Buffer.from(sound);
    bytes[bytes.length >> 2] ^= 1;
    await writeFile(path, bytes);

    const outcome = await outcomeOf('the compaction', db.compact());
    expect(outcome).toMatchObject({
      error: {
        name: 'CorruptionError',
        code: 'STEME_CORRUPTION',
        damage: { file: path, offsetBytes: expect.any(Number) },
      },
    });
    expect('error' in outcome && outcome.error instanceof Error && outcome.error.cause).toBeInstanceOf(Error);
    expect(db.stats().backgroundError).toBeUndefined();
    await db.put('more', '1');
    await db.flush();

    await writeFile(path, sound);
    await settles('the compaction', db.compact());
    expect((await entriesOf(db)).length).toBe(entries.length + 1);
    await settles('the close', db.close());
  });

  it('an input that cannot be opened refuses the compaction with the errno; the next one is made', async () => {
    const db = await open(directory, OPTIONS);
    await putTable(db, 'a');
    await putTable(db, 'b');
    const entries = await entriesOf(db);
    const [missing] = await tables();
    await rename(join(directory, missing), join(directory, 'aside'));

    const outcome = await outcomeOf('the compaction', db.compact());
    expect(outcome).toMatchObject({
      error: { code: 'STEME_IO', message: expect.stringContaining(missing), cause: { code: 'ENOENT' } },
    });
    expect(db.stats().backgroundError).toBeUndefined();
    await db.put('more', '1');

    await rename(join(directory, 'aside'), join(directory, missing));
    await settles('the compaction', db.compact());
    expect((await entriesOf(db)).length).toBe(entries.length + 1);
    await settles('the close', db.close());
  });

  it('a table that cannot be created ends the writes, and the records are there after a reopen', async () => {
    const db = await open(directory, OPTIONS);
    await db.put('a', '1');
    // Whatever number the table gets, something else has its name.
    const names = Array.from({ length: 40 }, (_, i) => `${String(i).padStart(6, '0')}.sst`);
    for (const name of names) await mkdir(join(directory, name));
    const outcome = await outcomeOf('the flush', db.flush());
    expect(outcome).toMatchObject({ error: { code: 'STEME_BACKGROUND', message: expect.stringContaining('EISDIR') } });
    await expect(db.put('b', '1')).rejects.toMatchObject({ code: 'STEME_BACKGROUND' });
    await expect(db.resume()).rejects.toMatchObject({ code: 'STEME_BACKGROUND' });
    expect(db.getSync('a')?.toString()).toBe('1');
    await settles('the close', db.close());

    for (const name of names) await rm(join(directory, name), { recursive: true });
    await using reopened = await open(directory, OPTIONS);
    expect(reopened.getSync('a')?.toString()).toBe('1');
    await reopened.flush();
  });
});
