/**
 * How much log there may be: no more than can be replayed in the time that was promised. Pure: the engine asks with figures and
 * obeys. From half of that on the memtable goes to a table before it is full; that leaves as much again for what is written
 * meanwhile, and only where the flush does not keep up are writers slowed down (stall.ts).
 */
export interface LogLoad {
  /** Of all segments that the next open would replay. */
  readonly liveLogBytes: number;
  readonly logBytesMax: number;
  readonly sealedCount: number;
  readonly isActiveEmpty: boolean;
}

const EARLY_SEAL_FRACTION = 0.5;

export function logBytesMax(maxRecoverySeconds: number, replayBytesPerSecond: number): number {
  return maxRecoverySeconds * replayBytesPerSecond;
}

/** While one is sealed a flush is under way that shortens the log; the next waits until it is known by how much. */
export function wantsEarlySeal(load: LogLoad): boolean {
  if (load.isActiveEmpty || load.sealedCount > 0) return false;
  return load.liveLogBytes >= EARLY_SEAL_FRACTION * load.logBytesMax;
}
