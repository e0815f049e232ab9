/** A frame in the ring: header and payload are `[start, end)`; sealed only when it is written, for the segment it goes to. */
export interface PendingFrame {
  readonly start: number;
  readonly end: number;
  readonly type: number;
}

/** A run of frames with their padding that one write takes. */
export interface RingPiece {
  readonly start: number;
  end: number;
}

/**
 * The unit of group commit: everything that was appended while the group before it was on its way. It is written with one
 * call (two where the ring wraps), synced once if any of its writes asked for that, and acknowledged by one promise.
 */
export class WriteGroup {
  readonly frames: PendingFrame[] = [];
  readonly pieces: RingPiece[] = [];
  readonly done: Promise<void>;
  /** Of the last write that is complete within this group; the fragments of a larger one do not count. */
  lastSequence: number;
  wantsSync = false;
  /** The groups after this one go to a new segment. */
  endsSegment = false;
  /** When the first write was appended; undefined in an empty group. */
  openedAtMs: number | undefined;
  /** What the ring may take back once the group is written. */
  ringMark = 0;
  #resolve: () => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(lastSequence: number) {
    this.lastSequence = lastSequence;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A group that only rotates may have no listener; writers who listen see the error all the same.
    this.done.catch(() => undefined);
  }

  get hasWork(): boolean {
    return this.frames.length > 0 || this.wantsSync || this.endsSegment;
  }

  resolve(): void {
    this.#resolve();
  }

  reject(error: unknown): void {
    this.#reject(error);
  }
}
