export const ENGINE_NAMES = ['stemedb', 'classic-level'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** The same for both engines. */
export const CACHE_BYTES = 64 * 1024 * 1024;

/** What the workloads ask of an engine; each side answers with its own best idiom. */
export interface BenchEngine {
  /** Records as `keys[i * KEY_BYTES…]` and `values[i]`, atomically, without waiting for the disk. */
  writeBatch(keys: Buffer, values: readonly Buffer[]): Promise<void>;
  /** Waits until all that was written is safe on disk. */
  makeDurable(): Promise<void>;
  /** Resolves once the record is safe on disk. */
  putDurable(key: Buffer, value: Buffer): Promise<void>;
  get(key: Buffer): Promise<Buffer | undefined>;
  getSync(key: Buffer): Buffer | undefined;
  compact(): Promise<void>;
  close(): Promise<void>;
  /** Counters worth keeping with the results. */
  counters(): Readonly<Record<string, number>>;
}
