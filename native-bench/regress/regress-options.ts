import { parseArgs } from 'node:util';
import { CANARY_WORKLOADS, DEFAULT_WORKLOADS } from './suite.js';

export type Base =
  | { readonly kind: 'revision'; readonly revision: string }
  | { readonly kind: 'baseline'; readonly file: string }
  | { readonly kind: 'build'; readonly directory: string };

export type Mode =
  | { readonly kind: 'compare'; readonly base: Base }
  | { readonly kind: 'store'; readonly name: string }
  | { readonly kind: 'canary' }
  | { readonly kind: 'self-check'; readonly runs: number };

export interface RegressOptions {
  readonly mode: Mode;
  readonly workloads: readonly string[];
  readonly pairsMin: number;
  readonly pairsMax: number;
  readonly thresholdPercent: number;
  readonly mustSeePercent: number;
  /** The chance that a run of equal builds raises any alarm, at most. */
  readonly alarmChancePercent: number;
  readonly slowdownPercent: number;
  readonly scale: number;
  readonly seed: number;
  readonly jsonFile: string | undefined;
}

/** All that is wrong with the command line, one a line. */
export class UsageError extends Error {}

/** What the exact test can count to. */
const PAIRS_MAX = 50;

const FLAGS = {
  against: { type: 'string' },
  'against-build': { type: 'string' },
  store: { type: 'string' },
  canary: { type: 'boolean', default: false },
  'self-check': { type: 'string' },
  only: { type: 'string', multiple: true },
  'pairs-min': { type: 'string', default: '5' },
  'pairs-max': { type: 'string', default: '27' },
  threshold: { type: 'string', default: '5' },
  'must-see': { type: 'string', default: '20' },
  'alarm-chance': { type: 'string', default: '5' },
  slowdown: { type: 'string', default: '20' },
  scale: { type: 'string', default: '1' },
  seed: { type: 'string', default: '1' },
  json: { type: 'string' },
} as const;

type Flags = ReturnType<typeof parseFlags>;

/** `known` are the names of all workloads. */
export function parseRegressOptions(arguments_: readonly string[], known: readonly string[]): RegressOptions {
  const flags = parseFlags(arguments_);
  const problems: string[] = [];
  const number = (flag: keyof Flags, min: number, max: number): number => {
    const text = String(flags[flag]);
    const value = Number(text);
    if (/^\d+(?:\.\d+)?$/.test(text) && value >= min && value <= max) return value;
    problems.push(`--${flag} must be a number from ${min} to ${max}, got "${text}"`);
    return min;
  };
  const whole = (flag: keyof Flags, min: number, max: number): number => {
    const value = number(flag, min, max);
    if (!Number.isInteger(value)) problems.push(`--${flag} must be a whole number, got "${value}"`);
    return value;
  };
  const pairsMin = whole('pairs-min', 2, PAIRS_MAX);
  const pairsMax = whole('pairs-max', 2, PAIRS_MAX);
  if (pairsMax < pairsMin) problems.push(`--pairs-max ${pairsMax} is less than --pairs-min ${pairsMin}`);
  const thresholdPercent = number('threshold', 0, 100);
  const mustSeePercent = number('must-see', 0, 1000);
  if (mustSeePercent <= thresholdPercent) problems.push('--must-see must be more than --threshold');
  const options = {
    mode: modeOf(flags, problems, whole),
    workloads: workloadsOf(flags.only ?? [], flags.canary ? CANARY_WORKLOADS : DEFAULT_WORKLOADS, known, problems),
    pairsMin,
    pairsMax,
    thresholdPercent,
    mustSeePercent,
    alarmChancePercent: number('alarm-chance', 0.001, 50),
    slowdownPercent: number('slowdown', 1, 500),
    scale: number('scale', 0.001, 1000),
    seed: whole('seed', 0, 999_999_999),
    jsonFile: flags.json,
  };
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return options;
}

function parseFlags(arguments_: readonly string[]) {
  try {
    return parseArgs({ args: [...arguments_], options: FLAGS }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function modeOf(
  flags: Flags,
  problems: string[],
  whole: (flag: keyof Flags, min: number, max: number) => number,
): Mode {
  const modes: Mode[] = [];
  if (flags.against !== undefined) modes.push({ kind: 'compare', base: baseOf(flags.against) });
  const directory = flags['against-build'];
  if (directory !== undefined) modes.push({ kind: 'compare', base: { kind: 'build', directory } });
  if (flags.store !== undefined) modes.push({ kind: 'store', name: storedName(flags.store, problems) });
  if (flags.canary) modes.push({ kind: 'canary' });
  if (flags['self-check'] !== undefined) modes.push({ kind: 'self-check', runs: whole('self-check', 1, 1000) });
  if (modes.length !== 1) {
    const all =
      '--against REVISION, --against NAME.json, --against-build DIR, --store NAME, --canary, --self-check RUNS';
    problems.push(`exactly one of these must be given: ${all}`);
  }
  return modes[0] ?? { kind: 'canary' };
}

function baseOf(text: string): Base {
  return text.endsWith('.json') ? { kind: 'baseline', file: text } : { kind: 'revision', revision: text };
}

function storedName(name: string, problems: string[]): string {
  if (!/^[\w][\w.-]*$/.test(name)) problems.push(`--store must be a plain name, got "${name}"`);
  return name.replace(/\.json$/, '');
}

function workloadsOf(
  only: readonly string[],
  usual: readonly string[],
  known: readonly string[],
  problems: string[],
): readonly string[] {
  const named = only.flatMap((text) => text.split(',')).filter((name) => name !== '');
  const unknown = named.filter((name) => !known.includes(name));
  if (unknown.length > 0) problems.push(`--only: no workload ${unknown.join(', ')}; there are ${known.join(', ')}`);
  return named.length > 0 ? [...new Set(named)] : usual;
}
