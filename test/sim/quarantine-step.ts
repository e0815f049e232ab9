import type { Options } from '../../src/engine/options.js';

const MINUTE_MS = 60_000;

/** Names that some file system could take for something else, and long ones. Some have settings of their own. */
export const TENANTS: readonly string[] = [
  'acme',
  'ACME',
  'capped',
  'full',
  'short',
  '',
  '../..',
  'con',
  'a/b.segment',
  `${'long '.repeat(40)}é`,
];

export const ENTRIES_MAX: ReadonlyMap<string, number> = new Map([
  ['capped', 6],
  ['full', 8],
]);
/** Its oldest entries make room. */
export const DROPPING_TENANT = 'capped';
const SHORT_RETENTION_MS = 10 * MINUTE_MS;
const RETENTION_MS = 24 * 60 * MINUTE_MS;

/** The same in all lives, so that what may be gone depends on the tenant alone. */
export const QUARANTINE_OPTIONS: NonNullable<Options['quarantine']> = {
  retentionMs: RETENTION_MS,
  tenants: {
    capped: { entriesMax: 6, whenFull: 'drop-oldest' },
    full: { entriesMax: 8 },
    short: { retentionMs: SHORT_RETENTION_MS },
  },
};

export function retentionMsOf(tenant: string): number {
  return tenant === 'short' ? SHORT_RETENTION_MS : RETENTION_MS;
}

/** One record that is not accepted. `tenant` is an index of TENANTS; `once`: it has this id, and is appended only if no other one has. */
export interface QuarantineDraft {
  readonly tenant: number;
  readonly payloadBytes: number;
  readonly reason: 'odd' | 'bad';
  readonly once?: number;
}

/** As a step of a workload: see step.ts. */
export type QuarantineStep =
  /** All at once. */
  | { readonly kind: 'quarantine'; readonly entries: readonly QuarantineDraft[] }
  | {
      readonly kind: 'replay';
      /** Default: all. */
      readonly tenant?: number;
      readonly reason?: 'odd' | 'bad';
      readonly isDry: boolean;
      /** Some entries fail. */
      readonly isFailing: boolean;
      readonly isFixing: boolean;
      readonly concurrency: number;
      readonly maxAttempts: number;
      readonly rateLimit?: number;
      readonly isAwaited: boolean;
    }
  /** Everything that was appended more than `ageMs` ago. */
  | { readonly kind: 'purge'; readonly tenant: number; readonly ageMs: number; readonly isAwaited: boolean }
  /** `source` is an index of SOURCES. */
  | { readonly kind: 'ingest'; readonly source: number; readonly batchRecords: number; readonly isAwaited: boolean }
  | { readonly kind: 'inspect' }
  /** The time of day is set back, or forwards. */
  | { readonly kind: 'setClock'; readonly ms: number };

export type QuarantineStepOf<Kind extends QuarantineStep['kind']> = Extract<QuarantineStep, { readonly kind: Kind }>;

/** What is ingested by a name: every item has its place in it. */
export interface SourceOfItems {
  readonly name: string;
  /** Of what is rejected. */
  readonly tenant: string;
  readonly items: readonly string[];
}

export const SOURCES: readonly SourceOfItems[] = [
  { name: 'source-0', tenant: 'acme', items: itemsOf(0, 7) },
  { name: 'source-1', tenant: '../..', items: itemsOf(1, 13) },
];

function itemsOf(source: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${source}.${i} ${i % 3 === 1 ? 'bad' : 'good'}`);
}

export function isBadItem(item: string): boolean {
  return item.endsWith('bad');
}

/** Under which it is in the quarantine. */
export function rejectedId({ name }: SourceOfItems, position: number): string {
  return `${name}:${position}`;
}

/** All keys that replays and ingests write are from here on, behind all that other steps write. */
export const QUARANTINE_KEYS_START = 'z';

export function replayKey(number: number, run: string): string {
  return `zr/${String(number).padStart(6, '0')}/${run}`;
}

/** Of a key as `replayKey` makes it. */
export function partsOfReplayKey(key: string): { number: number; run: string } | undefined {
  const [prefix, number, run] = key.split('/');
  return prefix === 'zr' && run !== undefined ? { number: Number(number), run } : undefined;
}

/** `0.3 good` is item 3 of source 0. */
export function itemKey(item: string): string {
  return `zi/${item.split(' ')[0]}`;
}

export function fixedPayload(payload: string): string {
  return `fixed ${payload}`;
}
