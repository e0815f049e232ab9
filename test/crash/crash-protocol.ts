import type { Verdict } from './crash-model.js';
import type { planOptions } from './crash-plan.js';

/** Ways to break the laws on purpose, each of which the harness has to notice. */
export const SABOTAGES = ['early-ack', 'split-batch', 'unannounced-write'] as const;
export type Sabotage = (typeof SABOTAGES)[number];

/** What each of them has to be called. */
export const SABOTAGE_FINDING = {
  'early-ack': 'lost',
  'split-batch': 'torn',
  'unannounced-write': 'invented',
} as const satisfies Record<Sabotage, keyof Verdict>;

export interface CrashTask {
  readonly directory: string;
  readonly seed: number;
  readonly cycle: number;
  readonly options: ReturnType<typeof planOptions>;
  /** `recover` only opens the database, to be killed in the middle of its recovery. */
  readonly mode: 'write' | 'recover';
  readonly sabotage?: Sabotage;
}

/**
 * What the child reports, one line each: that it starts to open and has opened, that it is about to issue writes (before
 * it does), that a write was acknowledged, and that something failed which nobody made fail.
 */
export type CrashReport =
  | { readonly kind: 'opening' | 'open' }
  | { readonly kind: 'begin'; readonly first: number; readonly count: number }
  | { readonly kind: 'ack'; readonly index: number }
  | { readonly kind: 'failure'; readonly message: string };

export function encodeReport(report: CrashReport): string {
  switch (report.kind) {
    case 'begin':
      return `begin ${report.first} ${report.count}`;
    case 'ack':
      return `ack ${report.index}`;
    case 'failure':
      return `failure ${report.message.replaceAll('\n', ' ')}`;
    case 'opening':
    case 'open':
      return report.kind;
  }
}

export function decodeReport(line: string): CrashReport {
  const [kind, ...rest] = line.split(' ');
  switch (kind) {
    case 'begin':
      return { kind, first: Number(rest[0]), count: Number(rest[1]) };
    case 'ack':
      return { kind, index: Number(rest[0]) };
    case 'failure':
      return { kind, message: rest.join(' ') };
    case 'opening':
    case 'open':
      return { kind };
    default:
      throw new Error(`the crashing process reported something unknown: ${line}`);
  }
}
