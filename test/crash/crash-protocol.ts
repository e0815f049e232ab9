import type { Verdict } from './crash-model.js';
import { CRASH_PHASES, type CrashPhase } from './crash-phase.js';
import type { planOptions } from './crash-plan.js';

/** Ways to break the laws on purpose, each of which the harness has to notice. */
export const SABOTAGES = ['early-ack', 'split-batch', 'unannounced-write', 'stale-checkpoint', 'split-load'] as const;
export type Sabotage = (typeof SABOTAGES)[number];

/** What each of them has to be called. */
export const SABOTAGE_FINDING = {
  'early-ack': 'lost',
  'split-batch': 'torn',
  'unannounced-write': 'invented',
  'stale-checkpoint': 'lost',
  'split-load': 'torn',
} as const satisfies Record<Sabotage, keyof Verdict>;

export interface CrashTask {
  readonly directory: string;
  /** Checkpoints go here, each under its number. */
  readonly checkpoints: string;
  readonly seed: number;
  readonly cycle: number;
  readonly options: ReturnType<typeof planOptions>;
  /** `recover` only opens the database, to be killed in the middle of its recovery. */
  readonly mode: 'write' | 'recover';
  readonly sabotage?: Sabotage;
}

/**
 * What the child reports, one line each: that it enters or leaves a phase, that it is about to issue writes (before it does),
 * that a write was acknowledged, that a checkpoint was asked for or is there, and that something failed which nobody made fail.
 */
export type CrashReport =
  | { readonly kind: 'enter' | 'leave'; readonly phase: CrashPhase }
  | { readonly kind: 'begin'; readonly first: number; readonly count: number }
  | { readonly kind: 'ack'; readonly index: number }
  | { readonly kind: 'checkpoint-begin' | 'checkpoint-end'; readonly number: number }
  | { readonly kind: 'failure'; readonly message: string };

export function encodeReport(report: CrashReport): string {
  switch (report.kind) {
    case 'enter':
    case 'leave':
      return `${report.kind} ${report.phase}`;
    case 'begin':
      return `begin ${report.first} ${report.count}`;
    case 'ack':
      return `ack ${report.index}`;
    case 'checkpoint-begin':
    case 'checkpoint-end':
      return `${report.kind} ${report.number}`;
    case 'failure':
      return `failure ${report.message.replaceAll('\n', ' ')}`;
  }
}

export function decodeReport(line: string): CrashReport {
  const [kind, ...rest] = line.split(' ');
  const phase = CRASH_PHASES.find((one) => one === rest[0]);
  switch (kind) {
    case 'enter':
    case 'leave':
      if (phase !== undefined) return { kind, phase };
      break;
    case 'begin':
      return { kind, first: Number(rest[0]), count: Number(rest[1]) };
    case 'ack':
      return { kind, index: Number(rest[0]) };
    case 'checkpoint-begin':
    case 'checkpoint-end':
      return { kind, number: Number(rest[0]) };
    case 'failure':
      return { kind, message: rest.join(' ') };
  }
  throw new Error(`the crashing process reported something unknown: ${line}`);
}
