import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../../src/base/errors.js';
import { logName } from '../../src/base/file-names.js';
import { Prng } from '../../src/base/prng.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { readFile, writeFile } from '../log/log-bytes.js';
import { CrashingWal, type Manifest, numbersIn } from './crashing-wal.js';
import { type Replayed, replay } from './wal-bytes.js';

const SEEDS = Array.from({ length: 80 }, (_, i) => i + 1);
const GENERATIONS = 4;

interface World {
  fileSystem: MemoryFileSystem;
  readonly manifest: Manifest;
}

async function newWorld(): Promise<World> {
  const fileSystem = new MemoryFileSystem();
  await fileSystem.makeDirectory('/db');
  await fileSystem.syncDirectory('/');
  // The engine creates the first segment before the manifest that names it.
  writeFile(fileSystem, `/db/${logName(1)}`, new Uint8Array(2000));
  await fileSystem.syncDirectory('/db');
  return { fileSystem, manifest: { firstNumber: 1, flushedSequence: 0, nextNumber: 2 } };
}

async function recover({ fileSystem, manifest }: World, onDamage: 'fail' | 'stop' = 'fail'): Promise<Replayed> {
  const present = await numbersIn(fileSystem, 'log');
  const { firstNumber, flushedSequence } = manifest;
  return replay(fileSystem, present, { firstNumber, flushedSequence, onDamage });
}

/** Starts to write where recovery ended; what it found obsolete is removed now, or left over for the next recovery. */
async function reopen(world: World, recovered: Replayed, prng: Prng): Promise<CrashingWal> {
  const { chain, obsoleteNumbers, lastSequence } = recovered.result;
  const wal = new CrashingWal(world.fileSystem, world.manifest, prng, { chain, lastSequence });
  await wal.start(prng.chance(0.5) ? await numbersIn(world.fileSystem, 'recycled') : []);
  for (const number of obsoleteNumbers) {
    // The first segment goes only after a manifest edit that names another.
    const isFree = number !== world.manifest.firstNumber;
    if (isFree && prng.chance(0.5)) await world.fileSystem.remove(`/db/${logName(number)}`);
  }
  return wal;
}

function expectContinuous(sequences: readonly number[], flushedSequence: number): void {
  for (let i = 1; i < sequences.length; i++) {
    const isNext = sequences[i] === sequences[i - 1] + 1;
    if (!isNext && sequences[i] > flushedSequence + 1) throw new Error(`a gap before sequence ${sequences[i]}`);
  }
}

describe('a log whose machine goes down again and again', () => {
  it('comes back with every durable record, none out of order, and the same when recovered twice', async () => {
    let tornCount = 0;
    for (const seed of SEEDS) {
      const prng = new Prng(seed);
      const world = await newWorld();
      let recovered = await recover(world);
      for (let generation = 0; generation < GENERATIONS; generation++) {
        const wal = await reopen(world, recovered, prng);
        for (let steps = prng.below(40); steps > 0; steps--) await wal.step();
        const context = `seed ${seed}, generation ${generation}`;
        world.fileSystem = world.fileSystem.crashClone(prng.nextUint32());
        recovered = await recover(world);
        expectContinuous(recovered.sequences, world.manifest.flushedSequence);
        expect(recovered.result.lastSequence, context).toBeGreaterThanOrEqual(wal.durableSequence);
        expect(recovered.result.lastSequence, context).toBeLessThanOrEqual(wal.lastSequence);
        expect(await recover(world), context).toEqual(recovered);
        if (recovered.result.tornTail !== undefined) tornCount++;
        // What was recovered is visible, so the next crash must not take it back (law 2).
        const again = { ...world, fileSystem: world.fileSystem.crashClone(prng.nextUint32()) };
        expect((await recover(again)).sequences, context).toEqual(recovered.sequences);
      }
    }
    expect(tornCount).toBeGreaterThan(40);
  });

  it('comes back with everything that was written when only the process was killed', async () => {
    for (const seed of SEEDS.slice(0, 40)) {
      const prng = new Prng(seed);
      const world = await newWorld();
      const wal = await reopen(world, await recover(world), prng);
      for (let steps = prng.below(60); steps > 0; steps--) await wal.step();
      world.fileSystem = world.fileSystem.clone();
      expect((await recover(world)).result.lastSequence, `seed ${seed}`).toBe(wal.lastSequence);
    }
  });
});

describe('a log with bits flipped on the disk', () => {
  it('gives a prefix of what was written or an error, and an error wherever durable records are known to be lost', async () => {
    let failedCount = 0;
    for (const seed of SEEDS) {
      const prng = new Prng(seed);
      const world = await newWorld();
      const wal = await reopen(world, await recover(world), prng);
      for (let steps = 10 + prng.below(40); steps > 0; steps--) await wal.step();
      await wal.sync();
      const whole = await recover(world);
      const { number } = prng.pick(whole.result.chain);
      const bytes = readFile(world.fileSystem, `/db/${logName(number)}`);
      const { endBytes } = whole.result.chain.find((kept) => kept.number === number) ?? { endBytes: 0 };
      const at = prng.below(Math.min(endBytes, bytes.length));
      bytes[at] ^= 1 << prng.below(8);
      writeFile(world.fileSystem, `/db/${logName(number)}`, bytes);
      const salvaged = await recover(world, 'stop');
      expect(salvaged.sequences, `seed ${seed}`).toEqual(whole.sequences.slice(0, salvaged.sequences.length));
      const intact = wal.frames.filter(
        (frame) => !(frame.number === number && frame.startBytes <= at && at < frame.endBytes),
      );
      const inChain = intact.filter((frame) => whole.result.chain.some((kept) => kept.number === frame.number));
      const isProven = inChain.some(({ mark }) => mark > salvaged.result.lastSequence);
      expect(salvaged.result.damage !== undefined, `seed ${seed}`).toBe(isProven);
      const outcome = await recover(world).catch((error: unknown) => error);
      if (salvaged.result.damage === undefined) {
        expect(outcome, `seed ${seed}`).toEqual(salvaged);
      } else {
        expect(outcome, `seed ${seed}`).toBeInstanceOf(CorruptionError);
        failedCount++;
      }
    }
    expect(failedCount).toBeGreaterThan(15);
  });
});
