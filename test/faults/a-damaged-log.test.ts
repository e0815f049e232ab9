import { cp, mkdtemp, open as openFile, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CorruptionError } from '../../src/base/errors.js';
import { MIB } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import type { Options } from '../../src/engine/options.js';
import { open } from '../../src/index.js';
import { outcomeOf, settles } from '../support/settles.js';
import { type BatchPlan, countBatches } from './batch-plan.js';
import type { Acknowledgement, WriterTask } from './self-killing-writer.js';
import { startSource } from './steme-process.js';

const PLACES = 20;
/** Header frame of a segment that is not written with direct I/O; the first record starts behind it. */
const SEGMENT_HEADER_BYTES = 80;
/** Frames end with up to so many bytes that fill them up to their alignment, and that nothing needs. */
const PADDING_BYTES_MAX = 7;
/** A copy is opened again after the first verdict: nothing of it may be flushed away by the close in between. */
const OPEN: Options = { memtableBytes: 4 * MIB, walSync: 'fdatasync', flushOnClose: false };

type Harm = (log: string, offsetBytes: number) => Promise<void>;

const cutOff: Harm = (log, offsetBytes) => truncate(log, offsetBytes);

const flipBit: Harm = async (log, offsetBytes) => {
  const file = await openFile(log, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, offsetBytes);
    byte[0] ^= 1 << (offsetBytes % 8);
    await file.write(byte, 0, 1, offsetBytes);
  } finally {
    await file.close();
  }
};

/** What a writer left that was killed in the middle of its work. */
interface KilledDatabase {
  readonly directory: string;
  readonly plan: BatchPlan;
  readonly acknowledgements: readonly Acknowledgement[];
  /** Batches that an undamaged copy has. */
  readonly batchCount: number;
  /** The newest segment of the log. */
  readonly logName: string;
}

let scratch: string;
let copyCount = 0;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'stemedb-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function killWriter(task: Omit<WriterTask, 'directory'>): Promise<KilledDatabase> {
  const directory = join(scratch, `killed-${copyCount++}`);
  const writer = startSource('test/faults/self-killing-writer.ts', [JSON.stringify({ directory, ...task })]);
  const { stdout, stderr } = await settles('the writer', writer.outcome);
  expect({ signal: writer.child.signalCode, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
  const lines = stdout.trimEnd().split('\n');
  const acknowledgements = lines.map((line) => JSON.parse(line) as Acknowledgement);
  const logName =
    (await readdir(directory))
      .filter((name) => name.endsWith('.log'))
      .sort()
      .at(-1) ?? '';
  const { plan } = task;
  const batchCount = await withCopy({ directory }, (copy) => countIn(copy, plan));
  // laws 1, 2
  expect(batchCount).toBeGreaterThanOrEqual(Math.max(...acknowledgements.map(({ index }) => index)) + 1);
  return { directory, plan, acknowledgements, batchCount, logName };
}

async function withCopy<T>(killed: Pick<KilledDatabase, 'directory'>, work: (copy: string) => Promise<T>): Promise<T> {
  const copy = join(scratch, `copy-${copyCount++}`);
  await cp(killed.directory, copy, { recursive: true, filter: (path) => !path.endsWith('.recycled') });
  try {
    return await work(copy);
  } finally {
    await rm(copy, { recursive: true });
  }
}

async function countIn(directory: string, plan: BatchPlan, options: Options = {}): Promise<number> {
  await using db = await settles('the open', open(directory, { ...OPEN, ...options }));
  return await countBatches(db, plan);
}

/** How a strict open ends, and then one that stops at damage, of a copy that harm was done to. */
async function recoverAfter(killed: KilledDatabase, harm: Harm, offsetBytes: number) {
  return withCopy(killed, async (copy) => {
    await harm(join(copy, killed.logName), offsetBytes);
    const strict = await outcomeOf('a strict open', countIn(copy, killed.plan));
    const lenientCount = await countIn(copy, killed.plan, { walRecovery: 'stop-at-damage' });
    if ('value' in strict) {
      expect(lenientCount).toBe(strict.value);
      return { lenientCount, strictCount: strict.value, damage: undefined };
    }
    if (!(strict.error instanceof CorruptionError)) throw strict.error;
    expect(await countIn(copy, killed.plan), 'a strict open after one that stopped').toBe(lenientCount);
    expect((await readdir(copy)).filter((name) => name.endsWith('.damaged'))).toContain(`${killed.logName}.damaged`);
    return { lenientCount, strictCount: undefined, damage: strict.error.damage };
  });
}

// law 6
describe('the log of a writer that was killed, all of it one segment and one batch a group', () => {
  let killed: KilledDatabase;
  /** Where the frames of each acknowledged batch end. */
  let ends: number[];

  async function prepare(): Promise<void> {
    if (killed !== undefined) return;
    const plan = { seed: 1, valueBytesMax: 1000 };
    killed = await killWriter({
      options: { walSync: 'fdatasync' },
      plan,
      writers: 1,
      flushAfter: 0,
      acknowledgedMin: 40,
    });
    expect((await readdir(killed.directory)).filter((name) => name.endsWith('.log'))).toEqual([killed.logName]);
    ends = killed.acknowledgements.map(({ logBytes }) => SEGMENT_HEADER_BYTES + logBytes);
    expect(killed.acknowledgements.map(({ index }) => index)).toEqual(ends.map((_, index) => index));
  }

  /** A place in the frames of each of PLACES batches, so that small batches and large ones have their turn. */
  function placesInBatches(seed: number): number[] {
    const prng = new Prng(seed);
    return Array.from({ length: PLACES }, () => {
      const index = prng.below(ends.length);
      const start = ends[index - 1] ?? SEGMENT_HEADER_BYTES;
      return start + prng.below(ends[index] - start);
    });
  }

  /** Batches that end at `offsetBytes` or before. */
  function wholeBefore(offsetBytes: number): number {
    return ends.filter((end) => end <= offsetBytes).length;
  }

  it('and cut off anywhere, comes up with exactly the batches before the cut, and no damage is reported', async () => {
    await prepare();
    for (const offsetBytes of placesInBatches(2)) {
      const { strictCount, damage } = await recoverAfter(killed, cutOff, offsetBytes);
      expect(damage, `cut at ${offsetBytes}`).toBeUndefined();
      const possible = [wholeBefore(offsetBytes), wholeBefore(offsetBytes + PADDING_BYTES_MAX)];
      expect(possible, `cut at ${offsetBytes}`).toContain(strictCount);
    }
  });

  it('and with a bit flipped anywhere, is refused where a later frame proves the loss, and stops right before it', async () => {
    await prepare();
    const lastStart = ends.at(-2) ?? 0;
    for (const offsetBytes of placesInBatches(3)) {
      const { lenientCount, damage } = await recoverAfter(killed, flipBit, offsetBytes);
      const before = wholeBefore(offsetBytes);
      if (wholeBefore(offsetBytes + PADDING_BYTES_MAX) > before && damage === undefined) {
        expect(lenientCount, `flipped at ${offsetBytes}, in the padding`).toBe(killed.batchCount);
        continue;
      }
      expect(lenientCount, `flipped at ${offsetBytes}`).toBe(before);
      if (offsetBytes >= lastStart) continue;
      expect(damage, `flipped at ${offsetBytes}`).toMatchObject({ file: killed.logName });
      expect(damage?.offsetBytes).toBeLessThanOrEqual(offsetBytes);
      expect(damage?.offsetBytes).toBeGreaterThanOrEqual(ends[before - 1] ?? SEGMENT_HEADER_BYTES);
    }
  });

  it.each([0, 33, SEGMENT_HEADER_BYTES - 1])(
    'and with a bit of its header flipped at byte %i, is refused by its later frames',
    async (at) => {
      await prepare();
      const { damage, lenientCount } = await recoverAfter(killed, flipBit, at);
      expect(damage).toMatchObject({ file: killed.logName, found: expect.stringContaining('was durable') });
      expect(lenientCount).toBe(0);
    },
  );

  it.each([0, 33, SEGMENT_HEADER_BYTES - 1])(
    'and cut off in its header at byte %i, is refused: no crash leaves a segment that short',
    async (at) => {
      await prepare();
      const { damage, lenientCount } = await recoverAfter(killed, cutOff, at);
      expect(damage).toMatchObject({ file: killed.logName, offsetBytes: at, found: `the end of the file` });
      expect(lenientCount).toBe(0);
    },
  );
});

describe('the log of a writer that was killed, with many batches a group and a table beside it', () => {
  let killed: KilledDatabase;
  /** Batches that are in the table. */
  let flushedCount: number;
  let logBytes: number;

  async function prepare(): Promise<void> {
    if (killed !== undefined) return;
    const plan = { seed: 9, valueBytesMax: 300 };
    const options = { memtableBytes: 2 * MIB };
    killed = await killWriter({ options, plan, writers: 8, flushAfter: 100, acknowledgedMin: 300 });
    logBytes = await usedBytesOf(join(killed.directory, killed.logName));
    ({ lenientCount: flushedCount } = await recoverAfter(killed, cutOff, 0));
    expect(flushedCount).toBeGreaterThanOrEqual(100);
    expect(flushedCount).toBeLessThan(killed.batchCount - 100);
  }

  it.each([
    ['cut off', cutOff, 4],
    ['with a bit flipped', flipBit, 5],
  ] as const)('and %s anywhere, comes up with whole batches without a gap, or is refused', async (_, harm, seed) => {
    await prepare();
    const prng = new Prng(seed);
    const lostCounts = new Set<number>();
    for (let place = 0; place < PLACES; place++) {
      const offsetBytes = prng.below(logBytes);
      const { lenientCount, damage } = await recoverAfter(killed, harm, offsetBytes);
      expect(lenientCount, `at ${offsetBytes}`).toBeGreaterThanOrEqual(flushedCount);
      expect(lenientCount, `at ${offsetBytes}`).toBeLessThanOrEqual(killed.batchCount);
      if (harm === cutOff) expect(damage, `cut at ${offsetBytes}`).toBeUndefined();
      else expect(damage?.offsetBytes ?? 0, `flipped at ${offsetBytes}`).toBeLessThanOrEqual(offsetBytes);
      lostCounts.add(killed.batchCount - lenientCount);
    }
    // The places were all over the log.
    expect(lostCounts.size).toBeGreaterThan(5);
  });
});

/** Where the zeros begin that a segment is made of ahead of its records. */
async function usedBytesOf(log: string): Promise<number> {
  const bytes = await readFile(log);
  return bytes.findLastIndex((byte) => byte !== 0) + 1;
}
