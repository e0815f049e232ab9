import type { BatchOperation } from '../../src/engine/api.js';

/** One put, delete or batch, in the order in which they were handed in: which is also the order of their sequences. */
export type HistoricWrite = readonly BatchOperation[];

/** What a crash at some moment may leave: the state after the first n writes, for some n from `floor` to `ceiling`. */
export interface CrashBounds {
  readonly floor: number;
  readonly ceiling: number;
}

/** Everything that was written, and how much of it was acknowledged in which way. One history a database, across its crashes. */
export class WriteHistory {
  readonly #writes: HistoricWrite[];
  /** So many writes may not be lost with the machine. */
  #durableCount: number;
  /** So many writes may not be lost with the process. */
  #ackedCount: number;

  constructor(writes: readonly HistoricWrite[] = []) {
    this.#writes = [...writes];
    this.#durableCount = writes.length;
    this.#ackedCount = writes.length;
  }

  get count(): number {
    return this.#writes.length;
  }

  /** Returns how many writes there are with this one. */
  add(write: HistoricWrite): number {
    return this.#writes.push(write);
  }

  /** The last write was refused before it got in: it has never been made. */
  takeBackLast(): void {
    this.#writes.pop();
  }

  acknowledge(count: number, isDurable: boolean): void {
    this.#ackedCount = Math.max(this.#ackedCount, count);
    if (isDurable) this.#durableCount = Math.max(this.#durableCount, count);
  }

  /** All writes that are acknowledged by now are durable. */
  acknowledgeFlush(ackedCount: number): void {
    this.#durableCount = Math.max(this.#durableCount, ackedCount);
  }

  get ackedCount(): number {
    return this.#ackedCount;
  }

  bounds(crash: 'power loss' | 'kill'): CrashBounds {
    return { floor: crash === 'kill' ? this.#ackedCount : this.#durableCount, ceiling: this.#writes.length };
  }

  /** The history that ends after `count` writes: all of it has been seen, so all of it is safe. */
  cutTo(count: number): WriteHistory {
    return new WriteHistory(this.#writes.slice(0, count));
  }

  /**
   * After how many writes the database held just `found`, within `bounds`; undefined if it never did. With that, all that
   * was acknowledged is there, batches are whole, nothing is invented and nothing is out of order.
   */
  matchingCount(found: ReadonlyMap<string, string>, { floor, ceiling }: CrashBounds): number | undefined {
    const state = new Map<string, string>();
    for (let count = 0; ; count++) {
      if (count >= floor && isSame(state, found)) return count;
      if (count === ceiling) return undefined;
      for (const operation of this.#writes[count]) {
        applyTo(state, operation);
      }
    }
  }
}

/** Keys are ASCII, so strings order as their bytes do. */
export function applyTo(state: Map<string, string>, operation: BatchOperation): void {
  switch (operation.type) {
    case 'put':
      state.set(`${operation.key}`, `${operation.value}`);
      return;
    case 'del':
      state.delete(`${operation.key}`);
      return;
    case 'delRange':
      for (const key of [...state.keys()]) if (key >= `${operation.gte}` && key < `${operation.lt}`) state.delete(key);
  }
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
