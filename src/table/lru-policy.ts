import type { EvictionPolicy } from './eviction-policy.js';

/**
 * Least recently used: a ring of entries through a sentinel, links interleaved so that an entry's two share a cache
 * line.
 */
export class LruPolicy implements EvictionPolicy {
  /**
   * Of entry e: 2e+2 the one used just before it, 2e+3 the one used just after it. Slots 0 and 1 are the sentinel's.
   */
  #links = new Int32Array(2);

  grow(entriesMax: number): void {
    const larger = new Int32Array(2 * entriesMax + 2);
    larger.set(this.#links);
    this.#links = larger;
  }

  onInsert(entry: number): void {
    this.#linkNewest(2 * entry + 2);
  }

  onHit(entry: number): void {
    const at = 2 * entry + 2;
    const links = this.#links;
    if (links[0] === at) return;
    this.#unlink(at);
    this.#linkNewest(at);
  }

  onRemove(entry: number): void {
    this.#unlink(2 * entry + 2);
  }

  victim(): number {
    return (this.#links[1] - 2) / 2;
  }

  /** Links hold array positions, not entries: one shift less for each step. */
  #linkNewest(at: number): void {
    const links = this.#links;
    const newest = links[0];
    links[at] = newest;
    links[at + 1] = 0;
    links[newest + 1] = at;
    links[0] = at;
  }

  #unlink(at: number): void {
    const links = this.#links;
    const older = links[at];
    const newer = links[at + 1];
    links[older + 1] = newer;
    links[newer] = older;
  }
}
