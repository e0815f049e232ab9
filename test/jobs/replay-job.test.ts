import { describe, expect, it } from 'vitest';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { InlineRunner } from '../../src/jobs/inline-runner.js';
import type { ReplayJob, ReplayOutput } from '../../src/jobs/job.js';
import { Arena } from '../../src/memtable/arena.js';
import { Memtable } from '../../src/memtable/memtable.js';
import type { LogStretch } from '../../src/wal/log-stretch.js';
import { replayWal } from '../../src/wal/wal-replay.js';
import { killedWithFourSegments } from '../support/log-damage.js';
import { code, DIRECTORY, filesOf, flipBit, withDatabase } from '../support/test-database.js';

const KEYS = Array.from({ length: 40 }, (_, i) => String(i).padStart(2, '0'));

/** A log of forty puts in four segments, and where each record stands. */
async function log(): Promise<{ disk: MemoryFileSystem; stretches: LogStretch[]; names: string[] }> {
  const { disk, names } = await killedWithFourSegments();
  return { disk, names, stretches: await stretchesOf(disk, names) };
}

async function stretchesOf(disk: MemoryFileSystem, names: readonly string[]): Promise<LogStretch[]> {
  const stretches: LogStretch[] = [];
  await replayWal({
    fileSystem: disk,
    directory: DIRECTORY,
    databaseId: 1,
    firstNumber: Number.parseInt(names[0], 10),
    presentNumbers: names.map((name) => Number.parseInt(name, 10)),
    onDamage: 'fail',
    onRecord: (_, { stretch }) => void stretches.push(stretch),
  });
  return stretches;
}

async function replay(
  disk: MemoryFileSystem,
  stretches: readonly LogStretch[],
  memtableBytes: number,
  afterSequence = 0,
): Promise<{ memtable: Memtable; output: ReplayOutput }> {
  const arena = Arena.create(memtableBytes);
  const memtable = new Memtable(arena);
  // What an earlier life of the memory left must not show.
  memtable.insert(1, 1, Buffer.from('stale'), 0, 5, Buffer.from('x'), 0, 1);
  const share = memtable.share();
  const job: ReplayJob = { kind: 'replay', directory: DIRECTORY, stretches, afterSequence, memtable: share };
  const output = await new InlineRunner(disk).run(job);
  const filled = Memtable.attach(share);
  filled.takeOver(output.fill);
  return { memtable: filled, output };
}

function keysOf(memtable: Memtable): string[] {
  const keys: string[] = [];
  const each = memtable.iterator();
  for (each.seekToFirst(); each.valid; each.next()) {
    keys.push(Buffer.from(each.keySource.subarray(each.keyStart, each.keyEnd)).toString());
  }
  return keys;
}

describe('a replay job', () => {
  it('fills a memtable with all records of its stretches, and leaves what its memory held before', async () => {
    const { disk, stretches } = await log();
    const { memtable, output } = await replay(disk, stretches, 100_000);
    expect(keysOf(memtable)).toEqual(KEYS);
    expect(output).toMatchObject({ rest: [], lastSequence: 40, fill: { entryCount: 40, userBytes: 40 * 1002 } });
  });

  it('begins within a segment, at the record that it is told', async () => {
    const { disk, stretches } = await log();
    expect(keysOf((await replay(disk, stretches.slice(7, 25), 100_000)).memtable)).toEqual(KEYS.slice(7, 25));
  });

  it('leaves out what is in tables already', async () => {
    const { disk, stretches } = await log();
    expect(keysOf((await replay(disk, stretches, 100_000, 12)).memtable)).toEqual(KEYS.slice(12));
  });

  it('says what found no room, so that it goes into the next memtable, whole', async () => {
    const { disk, stretches } = await log();
    const found: string[][] = [];
    let rest: readonly LogStretch[] = stretches;
    for (let afterSequence = 0; rest.length > 0; ) {
      const { memtable, output } = await replay(disk, rest, 15_000, afterSequence);
      found.push(keysOf(memtable));
      ({ rest, lastSequence: afterSequence } = output);
    }
    expect(found.length).toBeGreaterThan(2);
    expect(found.flat()).toEqual(KEYS);
  });

  it('puts no part of a batch into a memtable that has no room for the whole', async () => {
    const disk = new MemoryFileSystem();
    await withDatabase(disk, { flushOnClose: false }, async (db) => {
      const batch = (name: string) =>
        Array.from({ length: 10 }, (_, i) => ({ type: 'put' as const, key: `${name}${i}`, value: 'v'.repeat(1000) }));
      await db.batch(batch('a'));
      await db.batch(batch('b'));
    });
    const stretches = await stretchesOf(disk, await filesOf(disk, '.log'));
    const { memtable, output } = await replay(disk, stretches, 16_000);
    expect(keysOf(memtable).map((key) => key[0])).toEqual(Array(10).fill('a'));
    expect(output).toMatchObject({ lastSequence: 10, rest: [stretches[1]] });
  });

  it('gives a memtable that takes further inserts', async () => {
    const { disk, stretches } = await log();
    const { memtable } = await replay(disk, stretches, 100_000);
    memtable.insert(41, 1, Buffer.from('05x'), 0, 3, Buffer.from('new'), 0, 3);
    expect(keysOf(memtable)).toEqual([...KEYS, '05x'].sort());
    expect(memtable.entryCount).toBe(41);
  });

  it('does not believe bytes that have changed since they were found whole (law 5)', async () => {
    const { disk, stretches, names } = await log();
    const { segmentNumber, startBytes } = stretches[3];
    await flipBit(disk, names.find((name) => Number.parseInt(name, 10) === segmentNumber) ?? '', startBytes + 50);
    await expect(replay(disk, stretches, 100_000)).rejects.toEqual(code('STEME_CORRUPTION'));
  });
});
