/**
 * Which entry of a cache goes first. Entries are small integers that the cache hands out and takes back; the policy
 * keeps its order in arrays of its own.
 */
export interface EvictionPolicy {
  /** Entries below `entriesMax` may come from now on. */
  grow(entriesMax: number): void;
  onInsert(entry: number): void;
  onHit(entry: number): void;
  onRemove(entry: number): void;
  /** The entry to give up next. Only asked while there is one. */
  victim(): number;
}
