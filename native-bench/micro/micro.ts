/** One small part of the engine, or another way to do the same, timed in a loop. */
export interface Micro {
  /** Group first: `memtable/insert/random/1m`. */
  readonly name: string;
  /** Another way to do what the micros beside it do: it is shown with them and has no budget. */
  readonly isAlternative?: boolean;
  /** What is made here is not timed. */
  prepare(context: MicroContext): MicroTask | Promise<MicroTask>;
}

export interface MicroTask {
  /**
   * So many in one call of `run`: together they are long beside a look at the clock (some 40 ns), and short beside the time that the
   * system gives a process before the next one has its turn (a few ms). 20 to 100 µs are good: then a busy machine moves the median little.
   */
  readonly operations: number;
  /** Something of every result goes into what it returns: what nobody uses, the compiler may leave out. */
  run(): number | Promise<number>;
  /** Whether `run` returns a promise. */
  readonly isAsync?: boolean;
  /** Before each `run`, not timed. */
  beforeRun?(): void;
  close?(): void | Promise<void>;
}

export interface MicroContext {
  /** Empty, on a disk, for as long as one micro runs. */
  readonly directory: string;
  /** No micro prepares more entries than that, whatever its name says: a test that wants to see it run at all asks for few. */
  readonly entriesMax: number;
}

/** What a micro needs is not to be had on this machine. */
export class MicroUnavailable extends Error {
  override readonly name = 'MicroUnavailable';
}
