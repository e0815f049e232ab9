import type { DatabaseIterator } from './entry-iterator.js';

/** The iterators that are open: a compaction keeps what they see, and closing the database closes them. */
export class OpenIterators {
  readonly #iterators = new Set<DatabaseIterator>();

  add(iterator: DatabaseIterator): void {
    this.#iterators.add(iterator);
  }

  delete(iterator: DatabaseIterator): void {
    this.#iterators.delete(iterator);
  }

  /** The moments that they look at, ascending, each once. */
  sequences(): number[] {
    return [...new Set([...this.#iterators].map(({ sequence }) => sequence))].sort((a, b) => a - b);
  }

  /** The earliest time that one of them goes by. */
  oldestTimeMs(): number | undefined {
    return undefined;
  }

  async closeAll(): Promise<void> {
    for (const iterator of [...this.#iterators]) await iterator.close();
  }
}
