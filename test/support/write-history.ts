import type { BatchOperation } from '../../src/engine/api.js';

/** What else is known of a write. */
export interface WriteDetails {
  /** Whether its acknowledgement means that it is durable. */
  readonly wantsSync?: boolean;
  /** Milliseconds since 1970, when it was handed in: what has a time to live expires by it. */
  readonly atMs?: number;
  /** It changes something only if the key has this value then; undefined: if it has none. */
  readonly condition?: { readonly key: string; readonly expected: string | undefined };
}

/** One put, delete or batch, in the order in which they were handed in: which is also the order of their sequences. */
export interface HistoricWrite extends WriteDetails {
  readonly operations: readonly BatchOperation[];
}

interface HistoricValue {
  readonly value: string;
  readonly expiresAtMs: number;
}

/** What a database holds by its history, with what has expired. Keys are ASCII, so strings order as their bytes do. */
export type HistoricState = Map<string, HistoricValue>;

/** What a crash at some moment may leave: the state after the first n writes, for some n from `floor` to `ceiling`. */
export interface CrashBounds {
  readonly floor: number;
  readonly ceiling: number;
}

/** No entry is gone by it, whatever its time to live: for a history without times. */
const BEFORE_ALL_MS = Number.NEGATIVE_INFINITY;

/**
 * Everything that was written, how much of it was acknowledged in which way, and how much of it a reader has seen. One history a
 * database, across its crashes.
 */
export class WriteHistory {
  readonly #writes: HistoricWrite[];
  /** So many writes may not be lost with the machine. */
  #durableCount: number;
  /** So many writes may not be lost with the process. */
  #safeCount: number;
  #ackedCount: number;

  constructor(writes: readonly HistoricWrite[] = [], durableCount = writes.length) {
    this.#writes = [...writes];
    this.#durableCount = durableCount;
    this.#safeCount = writes.length;
    this.#ackedCount = writes.length;
  }

  get count(): number {
    return this.#writes.length;
  }

  /** Returns how many writes there are with this one. */
  add(operations: readonly BatchOperation[], details: WriteDetails = {}): number {
    return this.#writes.push({ operations, ...details });
  }

  /** The last write was refused before it got in: it has never been made. */
  takeBackLast(): void {
    this.#writes.pop();
  }

  /** Law 1. */
  acknowledge(count: number, isDurable: boolean): void {
    this.#ackedCount = Math.max(this.#ackedCount, count);
    this.#safeCount = Math.max(this.#safeCount, count);
    if (isDurable) this.#durableCount = Math.max(this.#durableCount, count);
  }

  /** All writes that are acknowledged by now are durable. */
  acknowledgeFlush(ackedCount: number): void {
    this.#durableCount = Math.max(this.#durableCount, ackedCount);
  }

  /**
   * Law 2: a reader has seen the state after `count` writes, so all of them are as safe as they asked to be, and what one of them
   * is safe from, those before it are too.
   */
  noteVisible(count: number): void {
    this.#safeCount = Math.max(this.#safeCount, count);
    let durable = count;
    while (durable > this.#durableCount && this.#writes[durable - 1].wantsSync !== true) durable--;
    this.#durableCount = Math.max(this.#durableCount, durable);
  }

  get ackedCount(): number {
    return this.#ackedCount;
  }

  bounds(crash: 'power loss' | 'kill'): CrashBounds {
    return { floor: crash === 'kill' ? this.#safeCount : this.#durableCount, ceiling: this.#writes.length };
  }

  /** The history that ends after `count` writes: all of it has been seen, so all of it is safe from a kill at least. */
  cutTo(count: number, durableCount = count): WriteHistory {
    return new WriteHistory(this.#writes.slice(0, count), durableCount);
  }

  /** After all writes. */
  state(): HistoricState {
    const state: HistoricState = new Map();
    for (const write of this.#writes) applyWrite(state, write);
    return state;
  }

  /**
   * After how many writes the database held just `found` at the time `nowMs`, within `bounds`; undefined if it never did. With
   * that, all that was acknowledged is there, batches are whole, nothing is invented and nothing is out of order.
   */
  matchingCount(
    found: ReadonlyMap<string, string>,
    { floor, ceiling }: CrashBounds,
    nowMs = BEFORE_ALL_MS,
  ): number | undefined {
    const state: HistoricState = new Map();
    for (let count = 0; ; count++) {
      if (count >= floor && isSame(state, found, nowMs)) return count;
      if (count === ceiling) return undefined;
      applyWrite(state, this.#writes[count]);
    }
  }
}

export function valueAt(state: HistoricState, key: string, nowMs: number): string | undefined {
  const found = state.get(key);
  return found !== undefined && found.expiresAtMs > nowMs ? found.value : undefined;
}

function applyWrite(state: HistoricState, { operations, condition, atMs = 0 }: HistoricWrite): void {
  if (condition !== undefined && valueAt(state, condition.key, atMs) !== condition.expected) return;
  for (const operation of operations) applyTo(state, operation, atMs);
}

function applyTo(state: HistoricState, operation: BatchOperation, atMs: number): void {
  switch (operation.type) {
    case 'put': {
      const expiresAtMs = operation.ttlMs === undefined ? Number.POSITIVE_INFINITY : atMs + operation.ttlMs;
      state.set(`${operation.key}`, { value: `${operation.value}`, expiresAtMs });
      return;
    }
    case 'del':
      state.delete(`${operation.key}`);
      return;
    case 'delRange': {
      const [gte, lt] = [`${operation.gte}`, `${operation.lt}`];
      for (const key of state.keys()) if (key >= gte && key < lt) state.delete(key);
    }
  }
}

function isSame(state: HistoricState, found: ReadonlyMap<string, string>, nowMs: number): boolean {
  let liveCount = 0;
  for (const [key, { value, expiresAtMs }] of state) {
    if (expiresAtMs <= nowMs) continue;
    if (found.get(key) !== value) return false;
    liveCount++;
  }
  return liveCount === found.size;
}
