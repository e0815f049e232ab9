/** Calls back on abort, with one listener a signal however many wait for it: Node takes more than ten for a leak. */
export class AbortWatch {
  readonly #callbacks = new Map<AbortSignal, Set<() => void>>();

  /** Returns how to end the watch; after the abort that does nothing. */
  watch(signal: AbortSignal, callback: () => void): () => void {
    const callbacks = this.#callbacks.get(signal) ?? this.#listen(signal);
    callbacks.add(callback);
    return () => {
      callbacks.delete(callback);
      if (callbacks.size === 0) this.#forget(signal);
    };
  }

  #listen(signal: AbortSignal): Set<() => void> {
    const callbacks = new Set<() => void>();
    this.#callbacks.set(signal, callbacks);
    signal.addEventListener('abort', this.#onAbort);
    return callbacks;
  }

  #forget(signal: AbortSignal): void {
    this.#callbacks.delete(signal);
    signal.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = ({ target }: Event): void => {
    if (!(target instanceof AbortSignal)) return;
    const callbacks = this.#callbacks.get(target) ?? [];
    this.#forget(target);
    for (const callback of [...callbacks]) callback();
  };
}
