export interface Write {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Writes all of them, and resolves once they are safe on disk. */
export type CommitWrites = (writes: readonly Write[]) => Promise<void>;

/**
 * Group commit as an application puts it on top of an engine that has none: what comes while a commit is under way is collected, and
 * goes out as one batch when that has ended. Nobody waits for company: the first write is a commit of its own.
 */
export class GroupedWrites {
  readonly #commit: CommitWrites;
  #waiting: Group | undefined;
  #isCommitting = false;

  constructor(commit: CommitWrites) {
    this.#commit = commit;
  }

  put(key: Buffer, value: Buffer): Promise<void> {
    this.#waiting ??= new Group();
    const group = this.#waiting;
    group.writes.push({ key, value });
    if (!this.#isCommitting) void this.#commitWaiting();
    return group.settled;
  }

  async #commitWaiting(): Promise<void> {
    this.#isCommitting = true;
    while (this.#waiting !== undefined) {
      const group = this.#waiting;
      this.#waiting = undefined;
      await this.#commit(group.writes).then(group.resolve, group.reject);
    }
    this.#isCommitting = false;
  }
}

class Group {
  readonly writes: Write[] = [];
  readonly settled: Promise<void>;
  resolve: () => void = () => undefined;
  reject: (reason: unknown) => void = () => undefined;

  constructor() {
    this.settled = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}
