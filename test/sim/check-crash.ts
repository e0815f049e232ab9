import { Prng } from '../../src/base/prng.js';
import type { Database } from '../../src/engine/api.js';
import type { CheckpointRecord, CrashPoint } from './crash-recorder.js';
import { drawOptions } from './draw-steps.js';
import { checkScans, contentsOf, describeContents } from './reading.js';
import type { SimulatedWorld } from './simulated-world.js';
import { Violation } from './violation.js';

/** Time goes on while a machine is down: nothing, or long enough for much to expire. */
const DOWN_MS = [0, 0, 1000, 200_000];

/**
 * Opens what a crash left and holds it against the record of acknowledgements: nothing acknowledged or seen is lost, batches are
 * whole, nothing is invented, order is right. Returns after how many writes the database stands.
 */
export async function checkCrash(world: SimulatedWorld, crash: CrashPoint, seed: number): Promise<number> {
  const prng = new Prng(seed);
  world.restart(seed, { nowMs: crash.nowMs + prng.pick(DOWN_MS), isPrompt: true });
  const options = drawOptions(prng);
  // What compactions do after a crash shows in the later lives; here it would only take time.
  const db = await world.open(crash.disk, prng.chance(0.1) ? options : { ...options, autoCompact: false });
  const count = matchOrThrow(world, db, crash);
  world.trace.add(`holds ${count}`);
  for (const checkpoint of crash.checkpoints) await checkCheckpoint(world, crash, checkpoint);
  if (prng.chance(0.1)) await world.settles('the close after a crash', db.close());
  if (world.warning !== undefined) throw new Violation(`the engine warns: ${world.warning.message}`);
  return count;
}

function matchOrThrow(world: SimulatedWorld, db: Database, { history, bounds }: CrashPoint): number {
  const contents = contentsOf(db);
  const count = history.matchingCount(contents, bounds, world.nowMs);
  if (count === undefined) {
    const { floor, ceiling } = bounds;
    throw new Violation(`not the state after ${floor} to ${ceiling} writes: ${describeContents(contents)}`);
  }
  checkScans(db, contents);
  return count;
}

/** A checkpoint is a whole database by itself, or is not there yet under its name. */
async function checkCheckpoint(world: SimulatedWorld, crash: CrashPoint, checkpoint: CheckpointRecord): Promise<void> {
  const { directory, floor, isDone } = checkpoint;
  const isThere = await world.settles('a look', crash.disk.exists(`${directory}/CURRENT`));
  if (!isThere && !isDone) return;
  if (!isThere) throw new Violation(`the checkpoint ${directory} was made and is gone`);
  const db = await world.open(crash.disk, { readOnly: true, walSync: 'fdatasync' }, undefined, directory);
  const contents = contentsOf(db);
  const bounds = { floor, ceiling: crash.bounds.ceiling };
  if (crash.history.matchingCount(contents, bounds, world.nowMs) === undefined) {
    throw new Violation(`the checkpoint ${directory} holds no state of the database: ${describeContents(contents)}`);
  }
  checkScans(db, contents);
}
