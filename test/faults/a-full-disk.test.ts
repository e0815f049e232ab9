import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemCodeOf } from '../../src/base/errors.js';
import { KIB, MIB } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import type { Database } from '../../src/engine/api.js';
import { settles } from '../support/settles.js';
import { expectEntries } from './expect-entries.js';
import { entriesOfLines, linesOf } from './lines-of-bytes.js';
import { entriesOf } from './scan.js';
import { createSmallDisk, fillUp, nameOfSmallDisk, type SmallDisk } from './small-disk.js';

const DISK_BYTES = 24 * MIB;
const ROOMY_BYTES = 256 * MIB;
const ENOUGH_KEYS = 1_000_000;

/** Asked once: a title is needed before there is a disk. */
const diskName = await nameOfSmallDisk();

let disk: SmallDisk;
let db: string;
beforeEach(async () => {
  disk = await createSmallDisk(DISK_BYTES);
  db = join(disk.directory, 'db');
});
afterEach(() => disk.remove());

/** Text that does not compress, in lines of 700 bytes. */
function incompressibleLines(bytes: number): Buffer {
  const lineBytes = 700;
  const text = Buffer.from(new Prng(5).fill(new Uint8Array(bytes)).map((byte) => 0x21 + (byte % 0x5e)));
  for (let end = lineBytes; end <= text.length; end += lineBytes) text[end - 1] = 0x0a;
  return text;
}

const valueAt = (index: number): Buffer => Buffer.from(new Prng(index).fill(new Uint8Array(1000)));
const keyAt = (index: number): string => String(index).padStart(8, '0');

/** Longer than any stall but one that waits for room. */
const PATIENCE_MS = 5000;

/**
 * Puts records with eight writers, from `first` on, until one is refused or has waited for too long; says which were acknowledged,
 * and how it ended.
 */
async function putUntilRefused(database: Database, first = 0): Promise<{ acknowledged: number[]; error: unknown }> {
  const acknowledged: number[] = [];
  let next = first;
  let failure: { readonly error: unknown } | undefined;
  const write = async (): Promise<void> => {
    while (failure === undefined && next < ENOUGH_KEYS) {
      const index = next++;
      try {
        await database.put(keyAt(index), valueAt(index), { maxDelayMs: PATIENCE_MS });
        acknowledged.push(index);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await settles(
    'the writers',
    Promise.all(Array.from({ length: 8 }, write)).then(() => undefined),
  );
  return { acknowledged, error: failure?.error };
}

function expectRecords(database: Database, indexes: readonly number[]): void {
  const wrong = indexes.filter((index) => database.getSync(keyAt(index))?.equals(valueAt(index)) !== true);
  expect(wrong).toEqual([]);
}

/** A second log segment is ready, so that the next flush needs no room for one. */
async function untilSpareSegment(segmentBytes: number): Promise<void> {
  for (;;) {
    for (const name of await disk.fileSystem.list(db)) {
      const isSpare = name.endsWith('.recycled');
      if (isSpare && (await disk.fileSystem.statBytes(join(db, name))) === segmentBytes) return;
    }
    await delay(10);
  }
}

// laws 1, 7
describe(`a full disk (${diskName})`, () => {
  it('ends an ingest with exit code 1 and a clear error; with more room the same command completes it', async () => {
    const source = incompressibleLines(28 * MIB);
    const expected = entriesOfLines('s', linesOf(source));
    const argv = ['ingest', '-', '--db', db, '--source', 's', '--json'];
    const { exitCode, stdout, stderr } = await disk.steme(argv, source);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    // Warnings may come before it, in the same form.
    const reports = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const { error } = reports.at(-1);
    expect(error).toMatchObject({ code: 'STEME_BACKGROUND', hint: expect.stringContaining('free some space') });
    expect(error.message).toContain(db);
    expect(error.message).toContain('the disk is full');

    // The disk is as full as before, and what was stored can be read: whole batches, from the first line on.
    const reader = await disk.open(db, { readOnly: true });
    const stored = await entriesOf(reader);
    await reader.close();
    expect(stored.length).toBeGreaterThan(0);
    expect(stored.length % 1000).toBe(0);
    expectEntries(stored, expected.slice(0, stored.length));

    await disk.resize(ROOMY_BYTES);
    const again = await disk.steme(argv, source);
    expect(again).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(again.stdout)).toMatchObject({ storedRecords: expected.length, rejectedRecords: 0 });
    await using database = await disk.open(db, { readOnly: true });
    expectEntries(await entriesOf(database), expected);
  });

  it('makes writers wait, takes back no acknowledged record, and goes on by itself when there is room', async () => {
    const database = await disk.open(db, { memtableBytes: MIB });
    const { acknowledged, error } = await putUntilRefused(database);
    expect(acknowledged.length).toBeGreaterThan(1000);
    expect(error).toMatchObject({ code: 'STEME_BUSY', message: expect.stringContaining('the disk is full') });
    expectRecords(database, acknowledged);

    const waiting = database.put('more', 'x');
    expect(database.stats().stalls.cause).toContain('the disk is full');
    await disk.resize(ROOMY_BYTES);
    await settles('a write that waited for room', waiting);
    expect(database.stats().backgroundError).toBeUndefined();
    await settles('the compaction', database.compact());
    expectRecords(database, acknowledged);
    await settles('the close', database.close());
    await using reopened = await disk.open(db, { readOnly: true });
    expectRecords(reopened, acknowledged);
  });

  it('loses nothing when the database is closed and opened again without room, and then with it', async () => {
    const database = await disk.open(db, { memtableBytes: MIB });
    const { acknowledged } = await putUntilRefused(database);
    await settles('the close', database.close());
    const reader = await disk.open(db, { readOnly: true });
    expectRecords(reader, acknowledged);
    await reader.close();

    await disk.resize(ROOMY_BYTES);
    const reopened = await disk.open(db, { memtableBytes: MIB });
    expectRecords(reopened, acknowledged);
    await reopened.put('more', 'x');
    await reopened.compact();
    expectRecords(reopened, acknowledged);
    await settles('the close', reopened.close());
  });

  it('met by a flush fails the call of it, and the flush is made when there is room', async () => {
    const memtableBytes = 8 * MIB;
    const database = await disk.open(db, { memtableBytes });
    const indexes = Array.from({ length: 4000 }, (_, index) => index);
    await Promise.all(indexes.map((index) => database.put(keyAt(index), valueAt(index))));
    await untilSpareSegment(memtableBytes);
    const giveBack = await fillUp(disk, 0);
    const error: unknown = await settles('the flush', database.flush()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'STEME_IO', message: expect.stringContaining('the disk is full') });
    expectRecords(database, indexes);
    const hurried = database.put('more', 'x', { maxDelayMs: 1 });
    await expect(hurried).rejects.toMatchObject({ code: 'STEME_BUSY' });
    expect((await disk.fileSystem.list(db)).filter((name) => name.endsWith('.sst'))).toEqual([]);

    await giveBack();
    await settles('a write that waited for room', database.put('more', 'x'));
    await settles('the flush', database.flush());
    expectRecords(database, indexes);
    await settles('the close', database.close());
  });

  it('met by the log refuses writes until there is room and resume() is called: nothing acknowledged is lost, nothing refused is there', async () => {
    const database = await disk.open(db);
    // No room for a spare: the first segment has a megabyte, and then it has to grow.
    const giveBack = await fillUp(disk, 0);
    const { acknowledged, error } = await putUntilRefused(database);
    expect(acknowledged.length).toBeGreaterThan(500);
    expect(error).toMatchObject({ code: 'STEME_BACKGROUND', message: expect.stringContaining('resume()') });
    await expect(database.resume()).rejects.toMatchObject({ code: 'STEME_BACKGROUND' });
    expectRecords(database, acknowledged);

    await giveBack();
    await settles('resume', database.resume());
    expect(database.stats().backgroundError).toBeUndefined();
    await database.put('more', 'x');
    const expected = [...acknowledged.map(keyAt).sort(), 'more'];
    expect((await entriesOf(database)).map(([key]) => key)).toEqual(expected);
    await settles('the close', database.close());
    await using reopened = await disk.open(db, { readOnly: true });
    expect((await entriesOf(reopened)).map(([key]) => key)).toEqual(expected);
    expectRecords(reopened, acknowledged);
  });

  it.each([0, 4, 16, 512, 1020, 1024, 1028, 1032, 1036])(
    'with %i KiB left makes a database whole or leaves nothing that blocks the next open',
    async (leftKib) => {
      const giveBack = await fillUp(disk, leftKib * KIB);
      const outcome = await createAndClose(disk, db);
      if (outcome.error !== undefined) {
        expect(outcome.error).toMatchObject({ code: 'STEME_IO', message: expect.stringContaining(db) });
        expect(systemCodeOf(outcome.error)).toBe('ENOSPC');
      }
      await giveBack();
      await using database = await disk.open(db);
      expect(await entriesOf(database)).toEqual([]);
      await database.put('key', 'value');
      expect(database.getSync('key')?.toString()).toBe('value');
    },
  );

  it('lets no database be made by an ingest, which exits with 1, and none is in the way when there is room', async () => {
    const giveBack = await fillUp(disk, 64 * KIB);
    const argv = ['ingest', '-', '--db', db, '--source', 's'];
    const input = Buffer.from('one\ntwo\n');
    const { exitCode, stdout, stderr } = await disk.steme(argv, input);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^steme: cannot .*: the disk is full; free some space \(ENOSPC\)\nhint: /);
    expect(stderr).toContain(db);
    await giveBack();
    expect(await disk.steme(argv, input)).toMatchObject({ exitCode: 0 });
    await using database = await disk.open(db, { readOnly: true });
    expect(await entriesOf(database)).toEqual(entriesOfLines('s', linesOf(input)));
  });
});

async function createAndClose(on: SmallDisk, directory: string): Promise<{ error: unknown }> {
  try {
    await (await settles('the open', on.open(directory))).close();
    return { error: undefined };
  } catch (error) {
    return { error };
  }
}
