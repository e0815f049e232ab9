import type { OpenReaders } from './shape-of-tree.js';

/** Several kinds of readers as one. */
export class AllReaders implements OpenReaders {
  readonly #kinds: readonly OpenReaders[];

  constructor(kinds: readonly OpenReaders[]) {
    this.#kinds = kinds;
  }

  sequences(): number[] {
    const sequences = new Set(this.#kinds.flatMap((kind) => [...kind.sequences()]));
    return [...sequences].sort((a, b) => a - b);
  }

  oldestTimeMs(): number | undefined {
    const times = this.#kinds.map((kind) => kind.oldestTimeMs()).filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
