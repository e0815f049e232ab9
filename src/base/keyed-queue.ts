/** Work that is done one after the other where it has the same key, in the order of the calls, and side by side where it has not. */
export class KeyedQueue {
  /** The last one of each key. */
  readonly #tails = new Map<string, Promise<unknown>>();

  /** The next one of this key comes whether this one fails or not. Errors: those of `work`. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(work);
    const tail = Promise.allSettled([result]).then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    this.#tails.set(key, tail);
    return result;
  }

  /** Keys that something is done for. */
  get size(): number {
    return this.#tails.size;
  }
}
