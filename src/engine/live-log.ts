import type { VersionSet } from '../version/version-set.js';
import type { SegmentFiles } from '../wal/segment-writer.js';
import type { ReplayPace } from './replay-pace.js';

/** The log as the next open would find it if the process ended now, and how long it would take with it. */
export class LiveLog {
  readonly pace: ReplayPace;
  readonly #segments: SegmentFiles;
  readonly #versions: VersionSet;

  constructor(segments: SegmentFiles, versions: VersionSet, pace: ReplayPace) {
    this.#segments = segments;
    this.#versions = versions;
    this.pace = pace;
  }

  /** Of all segments from the first one that the manifest needs. */
  get bytes(): number {
    return this.#segments.bytesFrom(this.#versions.logNumber);
  }

  get predictedMs(): number {
    return this.pace.predictMs(this.bytes);
  }
}
