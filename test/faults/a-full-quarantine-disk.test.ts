import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KIB, MIB } from '../../src/base/limits.js';
import type { Database } from '../../src/engine/api.js';
import { open } from '../../src/index.js';
import { temporaryDirectory } from '../cli/cli-harness.js';
import { collected } from '../support/collected.js';
import { settles } from '../support/settles.js';
import { createSmallDisk, nameOfSmallDisk, type SmallDisk } from './small-disk.js';

const DISK_BYTES = 12 * MIB;
const ROOMY_BYTES = 256 * MIB;
const PAYLOAD_BYTES = 8 * KIB;
const WRITERS = 8;

/** Asked once: a title is needed before there is a disk. */
const diskName = await nameOfSmallDisk();

let disk: SmallDisk;
beforeEach(async () => {
  disk = await createSmallDisk(DISK_BYTES);
});
afterEach(() => disk.remove());

interface Outcome {
  readonly acknowledged: number[];
  readonly error: unknown;
}

/** Appends with eight writers over three tenants, from `first` on, until one is refused. */
async function appendUntilRefused(db: Database, first = 0): Promise<Outcome> {
  const acknowledged: number[] = [];
  let next = first;
  let failure: { readonly error: unknown } | undefined;
  const write = async (): Promise<void> => {
    while (failure === undefined) {
      const index = next++;
      try {
        await append(db, index);
        acknowledged.push(index);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await settles(
    'the writers',
    Promise.all(Array.from({ length: WRITERS }, write)).then(() => undefined),
  );
  return { acknowledged, error: failure?.error };
}

async function append(db: Database, index: number): Promise<void> {
  const payload = String(index).padEnd(PAYLOAD_BYTES);
  await db.quarantine.append(`tenant ${index % 3}`, payload, { reason: 'r', id: `${index}` });
}

async function expectListed(db: Database, indexes: readonly number[]): Promise<void> {
  const records = await collected(db.quarantine.list());
  const found = records.map(({ payload }) => Number(payload.toString()));
  expect(found.sort((a, b) => a - b)).toEqual([...indexes].sort((a, b) => a - b));
}

function expectFull(error: unknown): void {
  expect(error).toMatchObject({
    code: 'STEME_IO',
    message: expect.stringMatching(/the quarantine takes no entry until there is room on the disk .*the disk is full/),
  });
}

// law 1
describe(`a quarantine on a full disk (${diskName})`, () => {
  it('refuses, loses nothing that it acknowledged, and goes on when there is room', async () => {
    const directory = join(disk.directory, 'db');
    const db = await disk.open(directory);
    const before = await appendUntilRefused(db);
    expect(before.acknowledged.length).toBeGreaterThan(100);
    expectFull(before.error);
    await expectListed(db, before.acknowledged);

    await disk.resize(ROOMY_BYTES);
    await append(db, 1_000_000);
    await expectListed(db, [...before.acknowledged, 1_000_000]);
    await settles('the close', db.close());
    await using again = await disk.open(directory, { readOnly: true });
    await expectListed(again, [...before.acknowledged, 1_000_000]);
  });

  it('is closed without room, and opened again without room, and has all of it', async () => {
    const directory = join(disk.directory, 'db');
    const db = await disk.open(directory);
    const { acknowledged } = await appendUntilRefused(db);
    await settles('the close', db.close());
    const again = await disk.open(directory);
    await expectListed(again, acknowledged);
    await settles('the close', again.close());
    await disk.resize(ROOMY_BYTES);
    await using roomy = await disk.open(directory);
    await append(roomy, 1_000_000);
    await expectListed(roomy, [...acknowledged, 1_000_000]);
  });

  it.skipIf(diskName.includes('memory'))('of its own leaves the store alone', async () => {
    const directory = join(await temporaryDirectory(), 'db');
    await mkdir(join(disk.directory, 'quarantine'));
    await mkdir(directory);
    await symlink(join(disk.directory, 'quarantine'), join(directory, 'quarantine'));
    const db = await open(directory, { memtableBytes: MIB });
    const { acknowledged, error } = await appendUntilRefused(db);
    expectFull(error);
    await Promise.all(Array.from({ length: 3000 }, (_, i) => db.put(`key ${i}`, 'x'.repeat(KIB))));
    await db.put('last', 'x');
    await settles('the flush', db.flush());
    await settles('the compaction', db.compact());
    for (let i = 0; i < 3000; i += 7) expect(db.getSync(`key ${i}`)?.length).toBe(KIB);
    expect(db.stats().backgroundError).toBeUndefined();
    expectFull(await append(db, 1_000_000).catch((refusal: unknown) => refusal));
    await expectListed(db, acknowledged);

    await disk.resize(ROOMY_BYTES);
    await append(db, 2_000_000);
    await settles('the close', db.close());
    await using again = await open(directory, { readOnly: true });
    await expectListed(again, [...acknowledged, 2_000_000]);
    expect(again.getSync('last')?.toString()).toBe('x');
  });
});
