import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/engine/api.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { openForTest } from '../../src/testing.js';
import { temporaryDirectory } from '../cli/cli-harness.js';
import { collected } from '../support/collected.js';
import { settles } from '../support/settles.js';

let directory: string;
let warnings: string[];
beforeEach(async () => {
  directory = join(await temporaryDirectory(), 'db');
  warnings = [];
});

function openHere(): Promise<Database> {
  const onWarning = ({ message }: Error): void => {
    warnings.push(message);
  };
  return openForTest(realFileSystem, directory, {}, { onWarning });
}

async function expectHealthyStore(db: Database): Promise<void> {
  await db.put('key', 'value');
  await settles('the flush', db.flush());
  expect(db.getSync('key')?.toString()).toBe('value');
  expect(db.stats().backgroundError).toBeUndefined();
}

function append(db: Database, tenant: string, payload: string): Promise<unknown> {
  return db.quarantine.append(tenant, payload, { reason: 'r' });
}

async function payloadsOf(db: Database, tenant: string): Promise<string[]> {
  return (await collected(db.quarantine.list({ tenant }))).map(({ payload }) => payload.toString());
}

const REFUSED = { code: 'STEME_IO', message: expect.stringContaining('quarantine') };

describe('a file that is in the way', () => {
  it('of the quarantine refuses appends, and leaves the store alone', async () => {
    await mkdir(directory);
    await writeFile(join(directory, 'quarantine'), 'not ours');
    const db = await openHere();
    await expectHealthyStore(db);
    await expect(append(db, 'a', 'x')).rejects.toMatchObject(REFUSED);
    await expect(payloadsOf(db, 'a')).rejects.toMatchObject(REFUSED);
    await expectHealthyStore(db);
    await settles('the close', db.close());
    await rm(join(directory, 'quarantine'));
    await using again = await openHere();
    await append(again, 'a', 'x');
    expect(await payloadsOf(again, 'a')).toEqual(['x']);
  });

  it('of one tenant leaves the others and the store alone, and what is acknowledged is there when it is gone', async () => {
    const before = await openHere();
    await append(before, 'a', 'before');
    await before.close();
    await writeFile(join(directory, 'quarantine', 'blocked'), 'not ours');
    const db = await openHere();
    const outcomes = await Promise.allSettled([append(db, 'blocked', 'x'), append(db, 'a', 'y')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    await expect(payloadsOf(db, 'blocked')).rejects.toMatchObject(REFUSED);
    expect(await payloadsOf(db, 'a')).toEqual(['before', 'y']);
    await expectHealthyStore(db);
    await expect(settles('the close', db.close())).rejects.toMatchObject(REFUSED);
    await rm(join(directory, 'quarantine', 'blocked'));
    await using again = await openHere();
    expect(await payloadsOf(again, 'blocked')).toEqual(['x']);
    expect(await payloadsOf(again, 'a')).toEqual(['before', 'y']);
  });
});
