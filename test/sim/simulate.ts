import { Prng } from '../../src/base/prng.js';
import type { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { WriteHistory } from '../support/write-history.js';
import type { CrashPoint } from './crash-recorder.js';
import { DiskReader } from './disk-reading.js';
import { drawOptions, drawSteps, type Focus } from './draw-steps.js';
import { judgeCrash } from './judge-crash.js';
import { Life } from './life.js';
import { QuarantineHistory } from './quarantine-history.js';
import type { QuarantineReading } from './quarantine-reading.js';
import { SimulatedWorld } from './simulated-world.js';
import type { Step } from './step.js';
import { type Violation, violationOf } from './violation.js';

/** Most seeds are short, so that there are many; some go deep. */
const STEPS_MIN = 8;
const STEPS_SPAN = 14;
const LONG_STEPS = 70;
const LONG_CHANCE = 0.06;
/** In a life that begins where a crash ended another one. */
const LATER_STEPS = 8;
/** How often a crash goes on to another life, and how often it is crashed in its recovery and no more. */
const LATER_LIFE_CHANCE = 0.02;
const RECOVERY_CHANCE = 0.03;

/** A quarantine has a few files for each tenant, and moves entries from one to the other: rather more seeds than every one of its syncs. */
const QUARANTINE_CRASH_CHANCE = 0.3;

/** A seed says everything; the rest narrows it down. */
export interface SimulationCase {
  readonly seed: number;
  readonly focus?: Focus | undefined;
  /** In place of those that the seed draws. */
  readonly steps?: readonly Step[];
  /** `7`: only that crash of the first life, and what follows from it; `7.2`: of that only the second crash of the later life. */
  readonly crashPoint?: string;
}

export interface SimulationFailure {
  readonly crashPoint: string | undefined;
  readonly violation: Violation;
  /** When the crash came. */
  readonly moment: string | undefined;
}

export interface SimulationReport {
  readonly traceHash: string;
  /** Clones taken and checked. */
  readonly crashPoints: number;
  /** Of them, those that left the same disk as another one: read once, and checked each for itself. */
  readonly sameDisks: number;
  /** Databases opened on what a crash left. */
  readonly reopenings: number;
  /** Of the crash points, those during a recovery. */
  readonly recoveryCrashes: number;
  /** Keys written and read by the workload. */
  readonly operations: number;
  /** Entries of the quarantine that were acknowledged, and those that were replayed. */
  readonly quarantined: number;
  readonly replayed: number;
  /** Of the crash points, those with something in the quarantine. */
  readonly quarantineCrashes: number;
  readonly failure: SimulationFailure | undefined;
}

export function stepsOf({ seed, focus, steps }: SimulationCase): readonly Step[] {
  if (steps !== undefined) return steps;
  const prng = new Prng(seed);
  const count = prng.chance(LONG_CHANCE) ? LONG_STEPS : STEPS_MIN + prng.below(STEPS_SPAN);
  return drawSteps(prng, count, 1, focus);
}

/** One seed: a life, its crashes, later lives from some of them, and their crashes. Ends at the first violation. */
export function simulate(simulationCase: SimulationCase): Promise<SimulationReport> {
  return new Simulation(simulationCase).run();
}

/** How a crash was found to have ended: after so many writes, at that time. */
interface Found {
  readonly count: number;
  readonly nowMs: number;
  readonly quarantine: QuarantineReading | undefined;
}

class Simulation {
  readonly #case: SimulationCase;
  readonly #world = new SimulatedWorld();
  /** Which crashes to look at. */
  readonly #wanted: readonly string[];
  readonly #reader: DiskReader;
  #crashPoints = 0;
  #sameDisks = 0;
  #reopenings = 0;
  #recoveryCrashes = 0;
  #operations = 0;
  #quarantined = 0;
  #replayed = 0;
  #quarantineCrashes = 0;
  #failure: SimulationFailure | undefined;

  constructor(simulationCase: SimulationCase) {
    this.#case = simulationCase;
    this.#wanted = simulationCase.crashPoint?.split('.') ?? [];
    this.#reader = new DiskReader(this.#world, simulationCase.seed);
  }

  run(): Promise<SimulationReport> {
    return this.#world.watchStrays(() => this.#runAll());
  }

  async #runAll(): Promise<SimulationReport> {
    const { seed, focus } = this.#case;
    const prng = new Prng(seed ^ 0x6d2b79f5);
    const plan = { ...newHistories(), options: drawOptions(prng), steps: stepsOf(this.#case) };
    this.#world.restart(prng.nextUint32());
    // What acknowledges an entry depends on it.
    const disk = this.#world.newDisk({ direct: focus !== 'quarantine' || prng.chance(0.5) });
    const life = await this.#live(undefined, {
      ...plan,
      disk,
      seed: prng.nextUint32(),
      crashChance: this.#crashChance,
    });
    for (const [i, crash] of handedOut(life?.crashes)) {
      if (this.#failure !== undefined) break;
      if (this.#isWanted(0, i)) await this.#followCrash(i, crash, mix(seed, i));
    }
    return {
      traceHash: this.#world.trace.toString(),
      crashPoints: this.#crashPoints,
      sameDisks: this.#sameDisks,
      reopenings: this.#reopenings,
      recoveryCrashes: this.#recoveryCrashes,
      operations: this.#operations,
      quarantined: this.#quarantined,
      replayed: this.#replayed,
      quarantineCrashes: this.#quarantineCrashes,
      failure: this.#failure,
    };
  }

  get #crashChance(): number {
    return this.#case.focus === 'quarantine' ? QUARANTINE_CRASH_CHANCE : 1;
  }

  #isWanted(depth: number, index: number): boolean {
    return this.#wanted[depth] === undefined || this.#wanted[depth] === String(index);
  }

  /** Undefined when it came to a bad end. */
  async #live(label: string | undefined, plan: ConstructorParameters<typeof Life>[1]): Promise<Life | undefined> {
    const life = new Life(this.#world, plan);
    try {
      await life.run();
      return life;
    } catch (error) {
      this.#failure = { crashPoint: label, violation: violationOf('the workload failed', error), moment: undefined };
      return undefined;
    } finally {
      this.#operations += life.operationCount;
      this.#quarantined += life.quarantinedCount;
      this.#replayed += life.replayedCount;
    }
  }

  async #followCrash(index: number, crash: CrashPoint, seed: number): Promise<void> {
    const dice = new Prng(seed ^ 0x27d4eb2f);
    const stepCount = dice.chance(LATER_LIFE_CHANCE) ? LATER_STEPS : dice.chance(RECOVERY_CHANCE) ? 0 : undefined;
    // The check writes to the disk.
    const disk = stepCount === undefined ? undefined : crash.disk.clone();
    const found = await this.#check(`${index}`, crash);
    if (found === undefined || disk === undefined || stepCount === undefined) return;
    await this.#liveOn(index, { ...crash, disk }, found, seed, stepCount);
  }

  /** Opens what the crash left once more, crashed all the while, and goes on from there. */
  async #liveOn(
    index: number,
    crash: CrashPoint & { disk: MemoryFileSystem },
    { count, nowMs, quarantine }: Found,
    seed: number,
    stepCount: number,
  ): Promise<void> {
    const prng = new Prng(seed ^ 0x1b873593);
    const durableCount = crash.kind === 'kill' ? Math.min(count, crash.durableCount) : count;
    // When it was checked: which writes have left no trace depends on what has expired.
    this.#world.restart(prng.nextUint32(), { nowMs });
    this.#reopenings++;
    if (quarantine !== undefined) {
      crash.quarantine.cutTo(quarantine.listed, quarantine.stored, crash.kind === 'power loss');
    }
    const life = await this.#live(`${index}`, {
      disk: crash.disk,
      history: crash.history.cutTo(count, durableCount),
      quarantine: crash.quarantine,
      options: drawOptions(prng),
      steps: drawSteps(prng, stepCount, 1000 * (index + 1), this.#case.focus),
      seed: prng.nextUint32(),
      crashChance: this.#crashChance,
    });
    for (const [i, later] of handedOut(life?.crashes)) {
      if (this.#failure !== undefined) return;
      if (this.#isWanted(1, i)) await this.#check(`${index}.${i}`, later);
    }
  }

  async #check(label: string, crash: CrashPoint): Promise<Found | undefined> {
    this.#crashPoints++;
    if (crash.isInRecovery) this.#recoveryCrashes++;
    if (!crash.quarantine.isEmpty) this.#quarantineCrashes++;
    const { openedCount } = this.#reader;
    try {
      const reading = await this.#reader.read(crash);
      const count = judgeCrash(crash, reading);
      const { quarantine, nowMs } = reading;
      this.#world.trace.add(`holds ${count} and ${quarantine?.listed.length ?? 0}`);
      return { count, nowMs, quarantine };
    } catch (error) {
      const violation = violationOf('the database does not open', error);
      this.#failure = { crashPoint: label, violation, moment: crash.moment };
      return undefined;
    } finally {
      if (this.#reader.openedCount === openedCount) this.#sameDisks++;
      else this.#reopenings++;
    }
  }
}

function newHistories(): { history: WriteHistory; quarantine: QuarantineHistory } {
  return { history: new WriteHistory(), quarantine: new QuarantineHistory() };
}

/** Each with its number. None is kept: the disks, with all that was written to them after the crash, are most of the memory. */
function* handedOut(crashes: CrashPoint[] = []): Generator<[number, CrashPoint]> {
  for (let i = 0; crashes.length > 0; i++) for (const crash of crashes.splice(0, 1)) yield [i, crash];
}

/** A seed of its own for each part, so that each can be run without the others. */
function mix(seed: number, index: number): number {
  return new Prng(Math.imul(seed, 0x9e3779b1) ^ index).nextUint32();
}
