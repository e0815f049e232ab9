import { Prng } from '../../src/base/prng.js';

/** One of these for each kind of thing in each run: some kinds are slow against the others. */
const SPREADS = [1, 3, 10, 40];

interface Held {
  readonly dueTick: number;
  readonly arrival: number;
  readonly release: () => void;
}

/**
 * Decides in which order what runs at the same time goes on: every file operation is held before it starts and before it
 * returns, and background jobs a few times each. One seed, one order. Nothing goes on by itself: see `step`.
 */
export class SeededScheduler {
  #prng = new Prng(0);
  #isPrompt = false;
  #tick = 0;
  #arrivals = 0;
  #held: Held[] = [];
  readonly #spreads = new Map<string, number>();

  /** Forgets whoever is held, for good: what they were part of is over. `isPrompt`: nobody is held from now on. */
  restart(seed: number, isPrompt: boolean): void {
    this.#prng = new Prng(seed);
    this.#isPrompt = isPrompt;
    this.#tick = 0;
    this.#arrivals = 0;
    this.#held = [];
    this.#spreads.clear();
  }

  get heldCount(): number {
    return this.#held.length;
  }

  hold(kind: string): Promise<void> {
    if (this.#isPrompt) return Promise.resolve();
    const dueTick = this.#tick + this.#prng.below(this.#spreadOf(kind));
    return new Promise((release) => this.#held.push({ dueTick, arrival: this.#arrivals++, release }));
  }

  /** Held `times` times in a row: takes long against what is held once. */
  async holdLong(kind: string): Promise<void> {
    for (let times = this.#isPrompt ? 0 : this.#prng.below(8); times > 0; times--) await this.hold(kind);
  }

  /** Lets go whoever is due next; false when nobody is held. */
  step(): boolean {
    let next = 0;
    for (let i = 1; i < this.#held.length; i++) if (isBefore(this.#held[i], this.#held[next])) next = i;
    const [held] = this.#held.splice(next, 1);
    if (held === undefined) return false;
    this.#tick = Math.max(this.#tick, held.dueTick);
    held.release();
    return true;
  }

  #spreadOf(kind: string): number {
    const known = this.#spreads.get(kind);
    if (known !== undefined) return known;
    const spread = this.#prng.pick(SPREADS);
    this.#spreads.set(kind, spread);
    return spread;
  }
}

function isBefore(a: Held, b: Held): boolean {
  return a.dueTick < b.dueTick || (a.dueTick === b.dueTick && a.arrival < b.arrival);
}
