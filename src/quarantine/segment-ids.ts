import { QUARANTINE_ID_CACHE_BYTES } from '../base/limits.js';
import type { SegmentContentEvent } from './segment-reader.js';

/** By id, the number of its last entry in a segment. */
type IdNumbers = ReadonlyMap<string, number>;

interface CachedSegment {
  readonly endBytes: number;
  readonly ids: Promise<IdNumbers>;
  /** About how much memory they take; 0 until they are read. */
  bytes: number;
}

/** Of an id in a map, beside its characters. */
const ID_OVERHEAD_BYTES = 64;

/**
 * The ids of the segments in which one was looked for last. A source that is taken in again asks for each of its ids, in their
 * order: each segment is then read once, and not once an id. Shared by all tenants; of memory it takes only so much (law 8).
 */
export class SegmentIds {
  readonly #bytesMax: number;
  /** By path, the one that was longest not asked for first. */
  readonly #segments = new Map<string, CachedSegment>();

  constructor(bytesMax = QUARANTINE_ID_CACHE_BYTES) {
    this.#bytesMax = bytesMax;
  }

  /** Of the entries before `endBytes`, which `read` gives. A damaged one has no id. Errors: those of `read`. */
  async of(
    path: string,
    endBytes: number,
    read: () => AsyncIterable<readonly SegmentContentEvent[]>,
  ): Promise<IdNumbers> {
    const known = this.#segments.get(path);
    // One that is written grows, and is another one then.
    const segment = known?.endBytes === endBytes ? known : { endBytes, ids: idsOf(read()), bytes: 0 };
    this.#segments.delete(path);
    this.#segments.set(path, segment);
    try {
      const ids = await segment.ids;
      if (segment.bytes === 0) {
        segment.bytes = bytesOf(ids);
        this.#evict();
      }
      return ids;
    } catch (error) {
      if (this.#segments.get(path) === segment) this.#segments.delete(path);
      throw error;
    }
  }

  #evict(): void {
    let bytes = 0;
    for (const segment of this.#segments.values()) bytes += segment.bytes;
    for (const [path, segment] of this.#segments) {
      if (bytes <= this.#bytesMax) return;
      this.#segments.delete(path);
      bytes -= segment.bytes;
    }
  }
}

async function idsOf(chunks: AsyncIterable<readonly SegmentContentEvent[]>): Promise<IdNumbers> {
  const ids = new Map<string, number>();
  for await (const chunk of chunks) {
    for (const event of chunk) if (event.kind === 'entry') ids.set(event.entry.id, event.entry.number);
  }
  return ids;
}

function bytesOf(ids: IdNumbers): number {
  let bytes = ID_OVERHEAD_BYTES;
  for (const id of ids.keys()) bytes += ID_OVERHEAD_BYTES + id.length;
  return bytes;
}
