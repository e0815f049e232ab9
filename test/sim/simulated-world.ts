import { Prng } from '../../src/base/prng.js';
import { SimulatedTime } from '../../src/base/simulated-time.js';
import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openWith } from '../../src/testing.js';
import { QUARANTINE_OPTIONS } from './quarantine-step.js';
import { type JobWatch, SeededRunner } from './seeded-runner.js';
import { SeededScheduler } from './seeded-scheduler.js';
import { Trace } from './trace.js';
import { Violation, violationOf } from './violation.js';

/** What the quarantine has to say of what it was told to do. */
/** Steps set the clock, and fill a tenant that drops its oldest entries. */
const EXPECTED_CODES: ReadonlySet<string> = new Set(['STEME_CLOCK', 'STEME_QUARANTINE_FULL']);

export const DIRECTORY = '/data/db';

const START_MS = 1_700_000_000_000;
/** The engine takes a turn of the event loop here and there that no scheduler sees. */
const IDLE_TURNS = 64;
/** Timers that call each other for ever are a hang too. */
const ADVANCES_MAX = 300;
/** Small, since every crash clone of a file that is written copies it. */
const LOG_SPACE_BYTES = 16 * 1024;
/** A few entries to a segment, and not many more in memory. */
const JOURNAL_SIZES = { segmentBytesMax: 2000, pendingBytesMax: 6000, openWritersMax: 2 };

/** Everything outside of the engine, in one seeded world: time, the order of things, chance, and the trace of what happened. */
export class SimulatedWorld {
  readonly scheduler = new SeededScheduler();
  readonly trace = new Trace();
  #time = new SimulatedTime(START_MS);
  /** By so much the time of day is off. */
  #clockErrorMs = 0;
  #prng = new Prng(0);
  /** What the engine complains of; nothing here gives it a reason. */
  warning: Error | undefined;
  /** A rejection that nobody handled: it would end a real process. */
  #stray: { readonly reason: unknown } | undefined;
  readonly #noteStray = (reason: unknown): void => {
    this.#stray ??= { reason };
  };

  /** The time of day, as the engine has it. */
  get nowMs(): number {
    return this.#time.nowMs() + this.#clockErrorMs;
  }

  /** The time of day leaps; timers and what counts on do not. */
  setClock(ms: number): void {
    this.#clockErrorMs += ms;
  }

  /** Something is wrong that whoever finds it cannot throw to the workload. */
  fail(problem: Violation): void {
    this.#stray ??= { reason: problem };
  }

  get time(): SimulatedTime {
    return this.#time;
  }

  /** Runs `work` with rejections that nobody handles noted; they fail whatever is waited for next. */
  async watchStrays<T>(work: () => Promise<T>): Promise<T> {
    process.on('unhandledRejection', this.#noteStray);
    try {
      return await work();
    } finally {
      process.off('unhandledRejection', this.#noteStray);
    }
  }

  /** A new disk, empty. */
  newDisk({ direct = true } = {}): MemoryFileSystem {
    return new MemoryFileSystem({ direct, nextTurn: () => this.scheduler.hold('return') });
  }

  /**
   * Ends all that goes on and begins anew at `nowMs`, by `seed` alone: so that any part of a simulation can be run by itself.
   * `isPrompt`: file operations return at once, in the order of the calls.
   */
  restart(seed: number, { nowMs = START_MS, isPrompt = false } = {}): void {
    this.scheduler.restart(seed, isPrompt);
    this.#time = new SimulatedTime(nowMs);
    this.#clockErrorMs = 0;
    this.#prng = new Prng(seed ^ 0x5bd1e995);
    this.warning = undefined;
    this.#stray = undefined;
  }

  open(fileSystem: FileSystem, options: Options, watch?: JobWatch, directory = DIRECTORY): Promise<Database> {
    const prng = this.#prng;
    const clock = { nowMs: () => this.nowMs, monotonicMs: () => this.#time.monotonicMs() };
    const opening = openWith(
      directory,
      { quarantine: QUARANTINE_OPTIONS, ...options },
      {
        fileSystem,
        clock,
        timers: this.#time,
        randomUint32: () => prng.nextUint32(),
        coreCount: 1,
        logSpaceBytes: LOG_SPACE_BYTES,
        journalSizes: JOURNAL_SIZES,
        createRunner: () => new SeededRunner(fileSystem, this.scheduler, watch),
        onWarning: (warning) => {
          // Time flies here: what is open for long is no leak.
          if (warning.code === 'STEME_LEAK' || EXPECTED_CODES.has(warning.code)) return;
          this.warning = warning;
        },
      },
    );
    return this.settles('an open', opening);
  }

  /** Lets everything go on until `promise` is settled. A hang is found without a clock: nothing is left that could go on. */
  async settles<T>(what: string, promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const note = (): void => {
      isSettled = true;
    };
    promise.then(note, note);
    let idleTurns = 0;
    let advances = 0;
    for (;;) {
      await turnOfTheLoop();
      if (this.#stray !== undefined) throw violationOf('nobody handled a rejection', this.#stray.reason);
      if (isSettled) return promise;
      if (this.scheduler.step()) idleTurns = 0;
      else if (++idleTurns > IDLE_TURNS) {
        idleTurns = 0;
        const ms = this.#time.nextTimerInMs;
        if (ms === undefined || ++advances > ADVANCES_MAX) throw new Violation(`it hangs: ${what}`);
        this.#time.advance(ms);
      }
    }
  }

  /** Lets `count` things go on, if there are so many. */
  async goOn(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.scheduler.step();
      await turnOfTheLoop();
    }
  }
}

/** Every promise reaction that is due, and those after them, run before it resolves. */
function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
