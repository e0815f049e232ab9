import type { Clock } from '../base/clock.js';
import type { CancelTimer, Timers } from '../base/timers.js';
import type { StallCause, StallDecision } from '../compaction/stall.js';
import type { Stall } from './stall-meter.js';

const NO_STALL: StallDecision = { kind: 'none' };

export const STALL_TEXTS: Readonly<Record<StallCause, string>> = {
  memtables: 'too many memtables wait for their flush',
  l0: 'too many tables in L0 wait for their compaction',
  recovery: 'recovery time: the log has come to what can be replayed within maxRecoverySeconds',
  debt: 'compactions are too far behind',
  disk: 'the disk is full: flushes and compactions wait for room',
};

/** A decision holds for so long at most: some of what it goes by changes with every write. */
const DECISION_MS_MAX = 5;

/** What delayed writers may save up: a timer is no more exact than this. */
const BURST_MS = 5;
const WAKE_MS_MIN = 1;

export interface StallControllerOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Pure: what the tree as it is now asks for. */
  readonly decide: () => StallDecision;
  /** A write that was held up may get in now. */
  readonly onRoom: () => void;
}

/**
 * Holds writers to the last decision. A delay is a rate, kept by a bucket of bytes: it fills with time, a write goes on while there
 * is something in it and may overdraw it, and the next waits until it is filled again.
 */
export class StallController {
  readonly #options: StallControllerOptions;
  #decision = NO_STALL;
  #decidedAtMs = 0;
  #bucketBytes = 0;
  #filledAtMs = 0;
  #cancelTimer: CancelTimer | undefined;
  #isClosed = false;

  constructor(options: StallControllerOptions) {
    this.#options = options;
  }

  /** Nobody is held up: the fast way in. */
  get isClear(): boolean {
    return this.#decision === NO_STALL;
  }

  /** To be called whenever memtables, tables or debt have changed: what waits may go on now. */
  update(): void {
    this.#decide();
    this.#options.onRoom();
  }

  /** To be called now and then while writes go on. */
  refresh(): void {
    if (this.#options.clock.monotonicMs() - this.#decidedAtMs >= DECISION_MS_MAX) this.#decide();
  }

  /** Why a write may not get in now; undefined when it may. A delayed one is called again through `onRoom`. */
  hindrance(): Stall | undefined {
    const decision = this.#decision;
    if (decision.kind === 'none') return undefined;
    if (decision.kind === 'delay') {
      this.#fill();
      if (this.#bucketBytes > 0) return undefined;
      this.#wakeLater(decision.bytesPerSecond);
    }
    const { cause, debtBytes, estimateMs } = decision;
    return { cause: STALL_TEXTS[cause], debtBytes, estimateMs };
  }

  /** A write of so many bytes got in. */
  spend(bytes: number): void {
    this.#bucketBytes -= bytes;
  }

  /** How long a write waits if so many bytes are before it; undefined when that is not known. */
  waitMs(bytesBefore: number): number | undefined {
    const decision = this.#decision;
    if (decision.kind !== 'delay') return decision.kind === 'none' ? 0 : decision.estimateMs;
    this.#fill();
    return (Math.max(0, bytesBefore - this.#bucketBytes) / decision.bytesPerSecond) * 1000;
  }

  /** The database is closing: what waits goes through. */
  close(): void {
    this.#isClosed = true;
    this.update();
  }

  #decide(): void {
    const decision = this.#isClosed ? NO_STALL : this.#options.decide();
    const wasDelay = this.#decision.kind === 'delay';
    this.#fill();
    this.#decision = decision.kind === 'none' ? NO_STALL : decision;
    this.#decidedAtMs = this.#options.clock.monotonicMs();
    if (decision.kind === 'delay' && !wasDelay) this.#startBucket();
    this.#cancelWake();
  }

  #startBucket(): void {
    this.#bucketBytes = 0;
    this.#filledAtMs = this.#options.clock.monotonicMs();
  }

  #fill(): void {
    const decision = this.#decision;
    if (decision.kind !== 'delay') return;
    const nowMs = this.#options.clock.monotonicMs();
    const filled = this.#bucketBytes + ((nowMs - this.#filledAtMs) / 1000) * decision.bytesPerSecond;
    this.#bucketBytes = Math.min(filled, (BURST_MS / 1000) * decision.bytesPerSecond);
    this.#filledAtMs = nowMs;
  }

  #wakeLater(bytesPerSecond: number): void {
    if (this.#cancelTimer !== undefined) return;
    const waitMs = Math.max((-this.#bucketBytes / bytesPerSecond) * 1000, WAKE_MS_MIN);
    this.#cancelTimer = this.#options.timers.after(waitMs, () => {
      this.#cancelTimer = undefined;
      this.#options.onRoom();
    });
  }

  #cancelWake(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
