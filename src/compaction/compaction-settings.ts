import {
  BASE_LEVEL_BYTES_MAX,
  BASE_LEVEL_BYTES_MIN,
  COMPACTION_BYTES_MAX,
  COMPACTION_BYTES_PER_SECOND_MIN,
  COMPACTION_DEBT_HARD_BYTES,
  COMPACTION_DEBT_SOFT_BYTES,
  DELAYED_WRITE_BYTES_PER_SECOND_MIN,
  GRANDPARENT_BYTES_MAX,
  L0_COMPACTION_COUNT,
  L0_SLOWDOWN_COUNT,
  L0_STOP_COUNT,
  LEVEL_MULTIPLIER,
  LEVEL_MULTIPLIER_MIN,
  TABLE_BYTES_TARGET,
} from '../base/limits.js';

/** All that the policy can be tuned by. Shares are parts of 1. */
export interface CompactionSettings {
  /** How many times larger a level is than the one above it, at most and at least. */
  readonly levelMultiplier: number;
  readonly levelMultiplierMin: number;
  /** The level that takes what comes from L0 is at most this large; where that level is follows from it. */
  readonly baseBytesMax: number;
  /** And better not smaller than this, which is about what comes from L0 at once. */
  readonly baseBytesMin: number;
  readonly tableBytesTarget: number;
  /** A compaction takes no more inputs than it must once they are this large. */
  readonly compactionBytesMax: number;
  /** A table that overlaps more than this of the level below is rewritten, in pieces, rather than moved. */
  readonly grandparentBytesMax: number;
  readonly l0CompactionCount: number;
  readonly l0SlowdownCount: number;
  readonly l0StopCount: number;
  /** Fewer tables of L0 are not worth a merge that stays in L0. */
  readonly intraL0CountMin: number;
  /** A table is rewritten for the tombstones and hidden versions in it once they are this share of its entries. */
  readonly tombstoneShare: number;
  /** The same for entries that have expired. */
  readonly expiredShare: number;
  /** Values in a blob file are moved out of it once so much of it is garbage. */
  readonly blobGarbageShare: number;
  /** Data that has been in tables for longer is pushed down to where deletes take effect; 0 turns that off. */
  readonly maxAgeMs: number;
  /** Without a flush for this long the store settles: the levels above the last shrink to `upperShareMax` of it. */
  readonly settleMs: number;
  readonly upperShareMax: number;
  /** So many neighbours in the last level that fit one table become one. */
  readonly smallTablesMin: number;
  readonly debtSoftBytes: number;
  readonly debtHardBytes: number;
  readonly delayedBytesPerSecondMin: number;
  readonly compactionBytesPerSecondMin: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

export const COMPACTION_DEFAULTS: CompactionSettings = {
  levelMultiplier: LEVEL_MULTIPLIER,
  levelMultiplierMin: LEVEL_MULTIPLIER_MIN,
  baseBytesMax: BASE_LEVEL_BYTES_MAX,
  baseBytesMin: BASE_LEVEL_BYTES_MIN,
  tableBytesTarget: TABLE_BYTES_TARGET,
  compactionBytesMax: COMPACTION_BYTES_MAX,
  grandparentBytesMax: GRANDPARENT_BYTES_MAX,
  l0CompactionCount: L0_COMPACTION_COUNT,
  l0SlowdownCount: L0_SLOWDOWN_COUNT,
  l0StopCount: L0_STOP_COUNT,
  intraL0CountMin: 4,
  tombstoneShare: 0.5,
  expiredShare: 0.3,
  blobGarbageShare: 0.5,
  maxAgeMs: 30 * DAY_MS,
  settleMs: 3000,
  upperShareMax: 0.1,
  smallTablesMin: 8,
  debtSoftBytes: COMPACTION_DEBT_SOFT_BYTES,
  debtHardBytes: COMPACTION_DEBT_HARD_BYTES,
  delayedBytesPerSecondMin: DELAYED_WRITE_BYTES_PER_SECOND_MIN,
  compactionBytesPerSecondMin: COMPACTION_BYTES_PER_SECOND_MIN,
};
