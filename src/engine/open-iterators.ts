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

  /** The oldest moment that one of them looks at, or `otherwise` without any. */
  oldestSequence(otherwise: number): number {
    let oldest = otherwise;
    for (const { sequence } of this.#iterators) oldest = Math.min(oldest, sequence);
    return oldest;
  }

  async closeAll(): Promise<void> {
    for (const iterator of [...this.#iterators]) await iterator.close();
  }
}
