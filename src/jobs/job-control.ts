/**
 * One word of shared memory by which the opening thread reaches a job that is under way in a worker. A job looks at it between two
 * steps of its work.
 */
const GO_ON = 0;
const HURRY = 1;
const STOP = 2;

export class JobControl {
  /** Travels with the job. */
  readonly word: Int32Array;

  constructor(word: Int32Array = new Int32Array(new SharedArrayBuffer(4))) {
    this.word = word;
  }

  /** Somebody waits for the thread: no more pauses. */
  hurry(): void {
    Atomics.compareExchange(this.word, 0, GO_ON, HURRY);
  }

  /** The outcome is of no use any more. */
  stop(): void {
    Atomics.store(this.word, 0, STOP);
  }

  get isHurried(): boolean {
    return Atomics.load(this.word, 0) !== GO_ON;
  }

  get isStopped(): boolean {
    return Atomics.load(this.word, 0) === STOP;
  }
}
