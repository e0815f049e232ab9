import type { Entry, EntryIterator } from './api.js';

/**
 * What a `for await` loop walks: it closes the iterator when the loop is over, in whatever way. The loop itself only says so
 * (`return`) when it is left early; at the end of the entries, and after an error, nobody would.
 */
export class ClosingWalk implements AsyncIterableIterator<Entry> {
  readonly #entries: EntryIterator;

  constructor(entries: EntryIterator) {
    this.#entries = entries;
  }

  async next(): Promise<IteratorResult<Entry>> {
    try {
      const result = await this.#entries.next();
      if (result.done === true) await this.#entries.close();
      return result;
    } catch (error) {
      await this.#entries.close();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Entry>> {
    await this.#entries.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
