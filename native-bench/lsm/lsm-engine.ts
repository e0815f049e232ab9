export const ENGINE_NAMES = ['stemedb', 'classic-level', 'rocksdb-native'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** The same for all engines. */
export const CACHE_BYTES = 64 * 1024 * 1024;
/** Rows that a scan asks for at a time. */
export const ROWS_PER_CALL = 1000;

/** What the workloads ask of an engine; each side answers with its own best idiom. */
export interface LsmEngine {
  /** Records as `keys[i * KEY_BYTES…]` and `values[i]`, atomically, without waiting for the disk. */
  writeBatch(keys: Buffer, values: readonly Buffer[]): Promise<void>;
  /** Waits until all that was written is safe on disk. */
  makeDurable(): Promise<void>;
  /** Hands out keys and values of everything, in order or backwards, and counts the rows. */
  scan(isReverse: boolean): Promise<number>;
  /** How many of these keys are there; undefined where that is not measured. */
  countPresent?(keys: readonly Buffer[]): number;
  /** Merges everything into one sorted run. */
  compact(): Promise<void>;
  close(): Promise<void>;
  /** Counters worth keeping with the results. */
  counters(): Readonly<Record<string, number>>;
}
