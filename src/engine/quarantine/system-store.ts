import type { Entry } from '../api.js';
import type { CommitPipeline } from '../commit-pipeline.js';
import type { DatabaseReads } from '../database-reads.js';
import type { Operation } from '../write-queue.js';

const ENTRIES_AT_ONCE = 256;

/** The engine's own keys in the tree, as the quarantine uses them. */
export interface SystemStore {
  /** Of this moment. */
  get(key: Uint8Array): Buffer | undefined;
  /** From `start` up to, not including, `end`, of the moment of the first `next`. */
  scan(start: Uint8Array, end: Uint8Array): AsyncIterableIterator<Entry>;
  /** All of it or none, with keys of users and of the engine alike; durable when it resolves. */
  write(operations: readonly Operation[]): Promise<void>;
}

export class TreeSystemStore implements SystemStore {
  readonly #reads: DatabaseReads;
  readonly #pipeline: CommitPipeline;

  constructor(reads: DatabaseReads, pipeline: CommitPipeline) {
    this.#reads = reads;
    this.#pipeline = pipeline;
  }

  get(key: Uint8Array): Buffer | undefined {
    return this.#reads.systemValue(key);
  }

  async *scan(start: Uint8Array, end: Uint8Array): AsyncGenerator<Entry, void> {
    const iterator = this.#reads.systemIterator(start, end);
    try {
      for (;;) {
        const entries = await iterator.nextv(ENTRIES_AT_ONCE);
        if (entries.length === 0) return;
        yield* entries;
      }
    } finally {
      await iterator.close();
    }
  }

  async write(operations: readonly Operation[]): Promise<void> {
    if (operations.length > 0) await this.#pipeline.write(operations, true);
  }
}
