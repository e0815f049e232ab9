import { xxh32 } from '@node-rs/xxhash';
import { KIB } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import type { CrashPoint } from './crash-recorder.js';
import { drawOptions } from './draw-steps.js';
import { type QuarantineReading, readLater, readQuarantine } from './quarantine-reading.js';
import { checkScans, contentsOf } from './reading.js';
import type { SimulatedWorld } from './simulated-world.js';
import { Violation } from './violation.js';

/** Time goes on while a machine is down: nothing, or long enough for much to expire. */
const LATER_CHANCE = 0.4;

const DOWN_MS = [0, 0, 1000, 200_000];

/** All entries of a database, and when that was: who reads later finds less. */
export interface Reading {
  readonly contents: ReadonlyMap<string, string>;
  readonly nowMs: number;
}

/** What a process finds that opens a disk after a crash. */
export interface DiskReading extends Reading {
  /** In the order of the crash's checkpoints; undefined where there is none by that name. */
  readonly checkpoints: readonly (Reading | undefined)[];
  /** Undefined where nothing was done with it. */
  readonly quarantine: QuarantineReading | undefined;
}

/**
 * Reads the disks that crashes leave. Many leave the same one, at the same time, as another: its files are the same byte by byte, so
 * whoever opens it the same way finds the same. How it is opened is drawn by what is on it. So it is opened once, and still every
 * crash point, looked at alone, comes to what it comes to among the others.
 */
export class DiskReader {
  readonly #world: SimulatedWorld;
  readonly #seed: number;
  readonly #readings = new Map<string, DiskReading>();
  /** So many different ones were opened. */
  openedCount = 0;

  /** All readings follow from `seed` and the disks. */
  constructor(world: SimulatedWorld, seed: number) {
    this.#world = world;
    this.#seed = seed;
  }

  /** Whatever fails in it is a violation. */
  async read(crash: CrashPoint): Promise<DiskReading> {
    const directories = crash.checkpoints.map(({ directory }) => directory);
    const sources = [...crash.quarantine.positions.keys()].sort();
    const key = [crash.disk.fingerprint(), crash.nowMs, ...directories, ...sources].join(' ');
    const known = this.#readings.get(key);
    if (known !== undefined) return known;
    this.openedCount++;
    const reading = await readDisk(this.#world, crash, xxh32(key, this.#seed));
    this.#readings.set(key, reading);
    return reading;
  }
}

async function readDisk(world: SimulatedWorld, crash: CrashPoint, seed: number): Promise<DiskReading> {
  const prng = new Prng(seed);
  world.restart(seed, { nowMs: crash.nowMs + prng.pick(DOWN_MS), isPrompt: true });
  const options = drawOptions(prng);
  // What compactions do after a crash shows in the later lives; here it would only take time.
  const readingOptions = prng.chance(0.1) ? options : { ...options, autoCompact: false };
  const db = await world.open(crash.disk, readingOptions);
  const contents = readAll(world, db);
  const found = crash.quarantine.isEmpty ? undefined : await readQuarantine(world, db);
  const checkpoints: (Reading | undefined)[] = [];
  for (const { directory } of crash.checkpoints) checkpoints.push(await readCheckpoint(world, crash, directory));
  const sources = [...crash.quarantine.positions.keys()].sort();
  const later =
    found !== undefined && prng.chance(LATER_CHANCE)
      ? await readLater(world, db, sources, () => world.open(crash.disk, readingOptions))
      : undefined;
  if (later === undefined && prng.chance(0.1)) await world.settles('the close after a crash', db.close());
  if (world.warning !== undefined) throw new Violation(`the engine warns: ${world.warning.message}`);
  return { ...contents, checkpoints, quarantine: found === undefined ? undefined : { ...found, later } };
}

/** A checkpoint is a whole database by itself, or is not there yet under its name. */
async function readCheckpoint(
  world: SimulatedWorld,
  { disk }: CrashPoint,
  directory: string,
): Promise<Reading | undefined> {
  if (!(await world.settles('a look', disk.exists(`${directory}/CURRENT`)))) return undefined;
  const options: Options = { readOnly: true, walSync: 'fdatasync', memtableBytes: 32 * KIB, rowCacheBytes: 4 * KIB };
  return readAll(world, await world.open(disk, options, undefined, directory));
}

/** By gets; scans must find the same. */
function readAll({ nowMs }: SimulatedWorld, db: Database): Reading {
  const contents = contentsOf(db);
  checkScans(db, contents);
  return { contents, nowMs };
}
