/** Where an iterator stands. */
export interface CurrentEntry {
  readonly valid: boolean;
  readonly keySource: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly sequence: number;
  readonly kind: number;
  readonly valueSource: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * The one contract of everything ordered: memtable, block, table, merge. It walks internal keys: user keys ascending,
 * and for one user key the newest sequence first. Synchronous, and it exposes ranges instead of allocating views: when
 * `valid`, the user key is `keySource[keyStart, keyEnd)`, the value `valueSource[valueStart, valueEnd)`. The key is only
 * good until the iterator moves. The bytes of a value do not change after that, as long as the memory they are in is held: a
 * block is not written again, nor an arena that has readers.
 */
export interface InternalIterator extends CurrentEntry {
  /** The same, told by whoever holds it, this iterator or one below: to ask there saves the way down. Good until the next move. */
  readonly entry: CurrentEntry;

  seekToFirst(): void;
  seekToLast(): void;
  /** To the first entry at or after (`key`, newest sequence): the newest version of the first user key >= `key`. */
  seek(key: Uint8Array): void;
  /** To the last entry before every entry of `key`: the oldest version of the last user key < `key`. */
  seekBefore(key: Uint8Array): void;
  next(): void;
  prev(): void;
}
