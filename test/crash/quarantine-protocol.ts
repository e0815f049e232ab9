import type { QuarantineVerdict } from './quarantine-model.js';
import type { QuarantineAim, QuarantinePhase } from './quarantine-phase.js';

/** Ways to break the laws on purpose, each of which the harness has to notice. */
export const QUARANTINE_SABOTAGES = ['early-ack', 'split-replay', 'unannounced-purge', 'unannounced-entry'] as const;
export type QuarantineSabotage = (typeof QUARANTINE_SABOTAGES)[number];

/** What each of them has to be called. */
export const QUARANTINE_SABOTAGE_FINDING = {
  'early-ack': 'lost',
  'split-replay': 'torn',
  'unannounced-purge': 'lost',
  'unannounced-entry': 'invented',
} as const satisfies Record<QuarantineSabotage, keyof QuarantineVerdict>;

export interface QuarantineTask {
  readonly directory: string;
  readonly seed: number;
  readonly cycle: number;
  readonly aim: QuarantineAim;
  /** The source that is to be taken in: the first one that no life has come to the end of. */
  readonly feed: number;
  readonly sabotage?: QuarantineSabotage;
}

export interface EntryName {
  readonly tenant: string;
  readonly id: string;
}

/**
 * What the child reports, one line of JSON each: that it enters or leaves a phase; that it is about to append, purge, replay or take in
 * (before it does); that an append was acknowledged, a replay has ended and which entries it brought in, a source has been taken in;
 * and that something failed which nobody made fail.
 */
export type QuarantineReport =
  | { readonly kind: 'enter' | 'leave'; readonly phase: QuarantinePhase }
  | ({ readonly kind: 'begin'; readonly atMs: number } & EntryName)
  | ({ readonly kind: 'ack'; readonly number: number } & EntryName)
  | { readonly kind: 'purge'; readonly tenant: string }
  | { readonly kind: 'replay'; readonly tenant: string; readonly run: string }
  | { readonly kind: 'replayed'; readonly tenant: string; readonly run: string; readonly ids: readonly string[] }
  | { readonly kind: 'ingest' | 'ingested'; readonly feed: number }
  | { readonly kind: 'failure'; readonly message: string };

/** The line has to come from the same build. */
export function decodeQuarantineReport(line: string): QuarantineReport {
  return JSON.parse(line) as QuarantineReport;
}
