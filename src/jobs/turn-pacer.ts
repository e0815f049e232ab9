import { setTimeout as after, setImmediate as nextTurn } from 'node:timers/promises';
import { MIB } from '../base/limits.js';

const BYTES_PER_TURN_MAX = 4 * MIB;
/** With a limit on its pace a job pauses this often, so that the disk sees a stream and not bursts. */
const TURNS_PER_SECOND = 20;

/** What a pacer does its waiting with. */
export interface PacerClock {
  nowMs(): number;
  sleep(ms: number): Promise<void>;
}

const realClock: PacerClock = {
  nowMs: () => performance.now(),
  sleep: async (ms) => {
    await after(ms);
  },
};

/**
 * Gives the event loop of the worker a turn every few megabytes. Memory that the compression addon handed out is only freed in
 * a turn: a job that took none would hold a second copy of everything it writes (law 8). Run inline, it lets others in.
 *
 * With `bytesPerSecondMax` the turns last until the work is no longer ahead of that pace. Work that was slower earns nothing:
 * a job that was held up does not make up for it in a burst.
 */
export class TurnPacer {
  readonly #bytesPerMs: number;
  readonly #bytesPerTurn: number;
  readonly #clock: PacerClock;
  #bytes = 0;
  #turnEndedAtMs: number;
  #paidUntilMs = 0;

  constructor(bytesPerSecondMax = 0, clock: PacerClock = realClock) {
    this.#bytesPerMs = bytesPerSecondMax > 0 ? bytesPerSecondMax / 1000 : Number.POSITIVE_INFINITY;
    this.#bytesPerTurn = Math.min(BYTES_PER_TURN_MAX, (this.#bytesPerMs * 1000) / TURNS_PER_SECOND);
    this.#clock = clock;
    this.#turnEndedAtMs = clock.nowMs();
  }

  /** Counts what was worked on; true when a turn is due: then await `turn`. */
  isDue(bytes: number): boolean {
    this.#bytes += bytes;
    return this.#bytes >= this.#bytesPerTurn;
  }

  /** Hurried, the turn is taken without a wait, and the pace begins anew behind it. */
  async turn(isHurried = false): Promise<void> {
    const waitMs = isHurried ? this.#forgive() : this.#chargeMs();
    if (waitMs > 0) await this.#clock.sleep(waitMs);
    else await nextTurn();
    this.#turnEndedAtMs = this.#clock.nowMs();
  }

  #forgive(): number {
    this.#bytes = 0;
    this.#paidUntilMs = 0;
    return 0;
  }

  /** How far the work since the last turn is ahead of its pace. */
  #chargeMs(): number {
    this.#paidUntilMs = Math.max(this.#paidUntilMs, this.#turnEndedAtMs) + this.#bytes / this.#bytesPerMs;
    this.#bytes = 0;
    return this.#paidUntilMs - this.#clock.nowMs();
  }
}
