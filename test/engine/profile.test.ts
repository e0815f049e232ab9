import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/engine/api.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { open } from '../../src/index.js';
import { decodeProfile } from '../../src/profile/saved-profile.js';
import { openForTest } from '../../src/testing.js';
import { expectWellFormed } from '../profile/well-formed.js';

let directory: string;
let database: Database;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
  database = await open(join(directory, 'db'), { memtableBytes: 256 * 1024, threads: 2 });
});

afterEach(async () => {
  await database.close();
  await rm(directory, { recursive: true, force: true });
});

async function writeUntil(ended: Promise<unknown>): Promise<void> {
  let isOver = false;
  const end = ended.finally(() => {
    isOver = true;
  });
  for (let i = 0; !isOver; i++) {
    const keys = Array.from({ length: 100 }, (_, j) => `key ${(i * 7919 + j * 104_729) % 100_003}`);
    await database.batch(keys.map((key) => ({ type: 'put', key, value: Buffer.alloc(100, i) })));
    for (const key of keys) database.getSync(key);
  }
  await end;
}

describe('db.profile', () => {
  it('has the opening thread and the workers in it, and the phases of the engine', async () => {
    // Workers start with the first job.
    await database.put('a', 'b');
    await database.flush();
    const profiling = database.profile({ seconds: 1 });
    await writeUntil(profiling);
    const profile = await profiling;
    expect(profile.unit).toBe('us');
    expect(profile.threads.map(({ name }) => name).slice(0, 2)).toEqual(['opening thread', 'worker 1']);
    for (const { weight } of profile.threads.slice(0, 2)) expect(weight).toBeGreaterThan(0);
    const phases = profile.phases.map(({ phase }) => phase);
    expect(phases).toEqual(expect.arrayContaining(['commit', 'flush', 'point read']));
    const svg = profile.svg();
    expectWellFormed(svg);
    expect(svg).not.toContain(directory);
    expect(svg).not.toContain(homedir() === '/' ? directory : `${homedir()}/`);
    expect(svg).not.toContain(join(import.meta.dirname, '../..'));
    expect(decodeProfile(JSON.stringify(profile), 'it').threads).toHaveLength(profile.threads.length);
  });

  it('tells where memory is allocated', async () => {
    const profiling = database.profile({ seconds: 0.5, kind: 'alloc' });
    await writeUntil(profiling);
    const profile = await profiling;
    expect(profile.unit).toBe('bytes');
    expect(profile.threads[0].weight).toBeGreaterThan(0);
  });

  it('can be taken twice at once', async () => {
    const profiles = await Promise.all([database.profile({ seconds: 0.1 }), database.profile({ seconds: 0.2 })]);
    expect(profiles.map(({ threads }) => threads[0].name)).toEqual(['opening thread', 'opening thread']);
  });

  it('ends with its signal, and with the database', async () => {
    const abort = new AbortController();
    const aborted = database.profile({ seconds: 60, signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toMatchObject({ code: 'STEME_ABORTED', cause: { message: 'enough' } });
    const closed = database.profile({ seconds: 60 });
    const refused = expect(closed).rejects.toMatchObject({ code: 'STEME_CLOSED' });
    await database.close();
    await refused;
    await expect(database.profile()).rejects.toMatchObject({ code: 'STEME_CLOSED' });
  });

  it('names all problems of its options', async () => {
    const wrong = { seconds: 0, kind: 'io', signal: {} } as unknown as { seconds: number };
    await expect(database.profile(wrong)).rejects.toMatchObject({
      code: 'STEME_INVALID_OPTION',
      problems: [
        'seconds must be a number from 0.01 to 3600',
        "kind must be 'cpu' or 'alloc'",
        'signal must be an AbortSignal',
      ],
    });
  });
});

describe('db.profile of a database without threads of its own', () => {
  it('has the opening thread', async () => {
    const inMemory = await openForTest(new MemoryFileSystem(), '/db');
    const profile = await inMemory.profile({ seconds: 0.05 });
    expect(profile.threads.map(({ name }) => name)).toEqual(['opening thread']);
    await inMemory.close();
  });
});
