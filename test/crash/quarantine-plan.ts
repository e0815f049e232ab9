/** What the lives of the quarantine are like: tenants, payloads, sources, options, and where each life ends. */
import { crc32c } from '../../src/base/checksum.js';
import { KIB, MIB } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import {
  CALL_PHASES,
  type KillPoint,
  QUARANTINE_PHASES,
  type QuarantineAim,
  type QuarantinePhase,
} from './quarantine-phase.js';

/** Of files of logs, the intake and the segments of tenants among them: a few dozen appends fill one. */
export const LOG_BYTES = 64 * KIB;
export const BRIEF_RETENTION_MS = 150;

/** What is done with the entries of a tenant. The names are alike where a file system might take one for the other. */
export const TENANTS = {
  /** Nothing, for many lives. */
  kept: ['kept', 'Kept', 'kept/../kept'],
  purged: ['purged', 'purged.'],
  /** They go when they are old. */
  brief: ['brief'],
  replayed: ['replayed', 'replayed '],
} as const;
export const FEED_TENANT = 'feed';

/** In so many lives the entries that are kept go once, so that what has to be read does not grow for ever. */
export const LIVES_OF_A_GENERATION = 10;
const ONCE_IDS = 40;

export const FEED_ITEMS = 120;
const BAD_EVERY = 5;

/** Lives that end at a time that nobody chose. */
const ANY_PROBABILITY = 0.15;
const CALL_DELAY_MS_MAX: Partial<Record<QuarantinePhase, number>> = {
  opening: 40,
  replay: 10,
  ingest: 40,
  closing: 40,
};
const ANY_MS_MAX = 600;
/** Later occurrences of what comes often. */
const OCCURRENCE_MAX: Record<QuarantinePhase, number> = {
  opening: 1,
  append: 200,
  rotation: 20,
  settling: 40,
  sealing: 8,
  cleanup: 5,
  replay: 8,
  marking: 15,
  ingest: 1,
  closing: 1,
};

export function planAim(seed: number, cycle: number): QuarantineAim {
  const random = new Prng(Math.imul(seed, 0xc2b2) + cycle * 15485863);
  const point = random.pick<KillPoint>(['before', 'during', 'during', 'after']);
  const spinMs = random.below(100) / 100;
  if (random.chance(ANY_PROBABILITY)) {
    return { phase: 'any', occurrence: 1, point, delayMs: random.below(ANY_MS_MAX), spinMs };
  }
  const phase = random.pick([...QUARANTINE_PHASES]);
  const occurrence = 1 + random.below(OCCURRENCE_MAX[phase]);
  const delayMs = CALL_PHASES.has(phase) ? random.below(CALL_DELAY_MS_MAX[phase] ?? 1) : 0;
  return { phase, occurrence, point, delayMs, spinMs };
}

/** How the child of one life works. */
export interface QuarantineTemper {
  readonly writers: number;
  readonly pauseMsMax: number;
  readonly onceProbability: number;
  readonly replayConcurrency: number;
  readonly failingProbability: number;
  readonly batchRecords: number;
}

export function planTemper(random: Prng): QuarantineTemper {
  return {
    writers: random.pick([1, 4, 16]),
    pauseMsMax: random.pick([0, 2, 8]),
    onceProbability: random.pick([0.1, 0.5]),
    replayConcurrency: random.pick([1, 8, 256]),
    failingProbability: random.pick([0, 0.1]),
    batchRecords: random.pick([1, 7, 40]),
  };
}

export function planQuarantineOptions(seed: number, cycle: number) {
  const random = new Prng(Math.imul(seed, 0x85eb) + cycle * 104729);
  const tenants = Object.fromEntries(TENANTS.brief.map((tenant) => [tenant, { retentionMs: BRIEF_RETENTION_MS }]));
  return {
    memtableBytes: random.pick([256 * KIB, MIB]),
    walSync: random.pick(['auto', 'direct', 'fdatasync'] as const),
    quarantine: { retentionMs: 0, tenants },
  };
}

/** An id that is to be there once, whoever appends it, in whatever life of the generation. */
export function onceId(random: Prng, cycle: number): string {
  return `once-${Math.floor(cycle / LIVES_OF_A_GENERATION)}-${random.below(ONCE_IDS)}`;
}

/** What an entry of this name holds, byte for byte. */
export function payloadOf(tenant: string, id: string): Buffer {
  const name = Buffer.from(`${tenant}|${id}|`);
  const random = new Prng(crc32c(name));
  const bytes = random.chance(0.02) ? random.below(80 * KIB) : random.below(600);
  return Buffer.concat([name, random.fill(new Uint8Array(bytes))]);
}

export function feedName(feed: number): string {
  return `feed-${feed}`;
}

export function isBadItem(index: number): boolean {
  return index % BAD_EVERY === BAD_EVERY - 1;
}

export function feedItem(feed: number, index: number): string {
  return isBadItem(index) ? `? ${feed}/${index}` : `${feed}/${index}`;
}

/** Under which a good item is stored. */
export function feedKey(feed: number, index: number): string {
  return `in/${feed}/${index}`;
}

/** Under which an ingest keeps a bad one. */
export function feedId(feed: number, index: number): string {
  return `${feedName(feed)}:${index}`;
}

/** What a replay writes: a key for each time that an entry is brought in, so that a second time is seen. */
export function doneKey(tenant: string, id: string, run: string): string {
  return `done/${JSON.stringify([tenant, id, run])}`;
}

export function parseDoneKey(key: string): [tenant: string, id: string, run: string] {
  return JSON.parse(key.slice('done/'.length)) as [string, string, string];
}
