export type KeyOrder = 'random' | 'time';

/** One row: what the log holds when its process is killed. */
export interface RecoveryTask {
  readonly directory: string;
  readonly seed: number;
  readonly order: KeyOrder;
  readonly valueBytes: number;
  readonly logBytes: number;
  readonly memtableBytes: number;
}

/** The log is full: the process may be killed. */
export interface FilledReport {
  readonly recordCount: number;
  readonly writtenBytes: number;
  readonly sealedCount: number;
}

/** What the next process found, times from the call of `open` on. */
export interface OpenedReport {
  readonly openMs: number;
  /** Of all threads, until it was open. */
  readonly cpuMs: number;
  readonly firstReadMs: number;
  readonly firstAckMs: number;
  readonly replayedRecords: number;
  readonly replayedBytes: number;
  readonly rssMaxBytes: number;
  readonly eventLoopMaxMs: number;
}
