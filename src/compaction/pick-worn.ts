/**
 * Tables that are compacted for what is in them, not for the size of their level: tombstones, expired entries, age. Above the
 * last level such a table is pushed down, to where what it hides is; in the last level it is rewritten in place. Each
 * step brings data deeper or makes a table that is not worn, so they come to an end.
 */
import type { TableMetadata } from '../table/table-metadata.js';
import type { CompactionPlan, CompactionReason } from './compaction-plan.js';
import { isIdle } from './conflicts.js';
import { digestOf, type LevelDigest } from './level-digest.js';
import { LAST_LEVEL } from './level-targets.js';
import type { PickContext } from './pick-context.js';
import { pickL0Merge } from './pick-l0.js';
import { pushDown } from './push-down.js';
import { isUnpinned, rewriteInPlace } from './rewrite-in-place.js';
import { expiredShare, reclaimableShare, tombstoneShare } from './table-garbage.js';

/** How much a table of a level wants to be compacted; 0 if it does not. */
type Wear = (context: PickContext, level: number, table: TableMetadata) => number;

interface WearKind {
  readonly reason: CompactionReason;
  readonly wearOf: Wear;
  /** Whether some table of the level may be worn like that. */
  readonly isPossible: (context: PickContext, digest: LevelDigest) => boolean;
}

const WEAR_KINDS: readonly WearKind[] = [
  { reason: 'expired', wearOf: expiryWear, isPossible: (_, { hasExpiring }) => hasExpiring },
  { reason: 'tombstones', wearOf: tombstoneWear, isPossible: (_, { hasReclaimable }) => hasReclaimable },
  { reason: 'age', wearOf: ageWear, isPossible: holdsOldData },
];

export function pickWorn(context: PickContext): CompactionPlan | undefined {
  for (const kind of WEAR_KINDS) {
    for (const { level, index } of wornTables(context, kind)) {
      const plan = compactWorn(context, kind.reason, level, index);
      if (plan !== undefined) return plan;
    }
  }
  return undefined;
}

interface WornTable {
  readonly level: number;
  readonly index: number;
  readonly wear: number;
}

function wornTables(context: PickContext, { wearOf, isPossible }: WearKind): WornTable[] {
  const { shape } = context;
  const worn: WornTable[] = [];
  for (const [level, tables] of shape.levels.entries()) {
    if (!isPossible(context, digestOf(tables))) continue;
    for (const [index, table] of tables.entries()) {
      const wear = wearOf(context, level, table);
      if (wear > 0 && isIdle(shape, table)) worn.push({ level, index, wear });
    }
  }
  return worn.sort((a, b) => b.wear - a.wear);
}

function compactWorn(
  context: PickContext,
  reason: CompactionReason,
  level: number,
  index: number,
): CompactionPlan | undefined {
  const motive = { reason, score: 1 };
  const table = context.shape.levels[level][index];
  if (level === LAST_LEVEL) return rewriteInPlace(context, motive, level, [table]);
  return level === 0 ? pickL0Merge(context, motive, (each) => each === table) : pushDown(context, motive, level, index);
}

function expiryWear({ shape, settings }: PickContext, _level: number, table: TableMetadata): number {
  const share = expiredShare(table, shape.expiryCutoffMs);
  return share >= settings.expiredShare ? share : 0;
}

/** Tables of L0 are not looked at: memtables that are all deletes would each be merged by themselves. */
function tombstoneWear(context: PickContext, level: number, table: TableMetadata): number {
  const { tombstoneShare: threshold } = context.settings;
  if (level === 0) return 0;
  if (level < LAST_LEVEL) {
    const share = tombstoneShare(table);
    return share >= threshold ? share : 0;
  }
  if (!isUnpinned(context, table)) return 0;
  if (table.rangeDeleteCount > 0) return 1;
  const share = reclaimableShare(table);
  return share >= threshold ? share : 0;
}

function holdsOldData({ shape, settings }: PickContext, { oldestAtMs }: LevelDigest): boolean {
  return settings.maxAgeMs > 0 && shape.nowMs - oldestAtMs >= settings.maxAgeMs;
}

function ageWear(context: PickContext, level: number, table: TableMetadata): number {
  const { shape, settings } = context;
  const dataAgeMs = shape.nowMs - table.oldestAtMs;
  if (level < LAST_LEVEL) return dataAgeMs >= settings.maxAgeMs ? dataAgeMs : 0;
  const holdsTombstones = table.tombstoneCount > 0 && isUnpinned(context, table);
  if (holdsTombstones && dataAgeMs >= settings.maxAgeMs) return dataAgeMs;
  const fileAgeMs = shape.nowMs - table.createdAtMs;
  const mayHoldExpired = table.expiringCount >= table.entryCount * settings.expiredShare && table.expiringCount > 0;
  return mayHoldExpired && fileAgeMs >= settings.maxAgeMs ? fileAgeMs : 0;
}
