import { parseArgs } from 'node:util';
import { PROFILE_KINDS, type ProfileKind } from '../../src/profile/stack-profile.js';
import { wholeNumber } from '../support/flags.js';

export const THREAD_CHOICES = ['main', 'workers', 'all'] as const;
export type ThreadChoice = (typeof THREAD_CHOICES)[number];

export interface FlameOptions {
  readonly workload: string;
  readonly threads: ThreadChoice;
  readonly kind: ProfileKind;
  readonly records: number;
  readonly seconds: number;
  readonly valueBytes: number;
  /** Of `io`: how wide a box is. */
  readonly measure: 'time' | 'bytes';
  readonly sampler: 'auto' | 'perf' | 'v8';
  readonly out: string | undefined;
  /** Two saved profiles. */
  readonly diff: readonly [before: string, after: string] | undefined;
  readonly against: string | undefined;
}

export const FLAME_USAGE = `npm run flame -- --workload NAME [--threads main|workers|all] [--kind ${PROFILE_KINDS.join('|')}] [--records N]
  [--seconds N] [--value-bytes N] [--measure time|bytes] [--sampler auto|perf|v8] [--out FILE.svg|FILE.json]
npm run flame -- --workload NAME --against REVISION      what changed since then, from a build of it in a worktree
npm run flame -- --diff BEFORE.json AFTER.json           what changed between two saved profiles`;

/** Throws one line that says what is wrong. */
export function parseFlameOptions(argv: readonly string[]): FlameOptions {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      workload: { type: 'string', default: 'fillrandom' },
      threads: { type: 'string', default: 'all' },
      kind: { type: 'string', default: 'cpu' },
      records: { type: 'string', default: '1000000' },
      seconds: { type: 'string', default: '10' },
      'value-bytes': { type: 'string', default: '100' },
      measure: { type: 'string', default: 'time' },
      sampler: { type: 'string', default: 'auto' },
      out: { type: 'string' },
      against: { type: 'string' },
      diff: { type: 'boolean', default: false },
    },
  });
  const { out, against } = values;
  if (out !== undefined && !/\.(?:svg|json)$/.test(out)) throw new Error('--out must end in .svg or .json');
  if (out?.endsWith('.json') && (values.diff || against !== undefined)) throw new Error('a comparison is an .svg');
  return {
    workload: values.workload,
    threads: choice('threads', values.threads, THREAD_CHOICES),
    kind: choice('kind', values.kind, PROFILE_KINDS),
    records: wholeNumber('records', values.records),
    seconds: wholeNumber('seconds', values.seconds),
    valueBytes: wholeNumber('value-bytes', values['value-bytes']),
    measure: choice('measure', values.measure, ['time', 'bytes'] as const),
    sampler: choice('sampler', values.sampler, ['auto', 'perf', 'v8'] as const),
    out,
    against,
    diff: diffOf(values.diff, positionals),
  };
}

function diffOf(isAsked: boolean, positionals: readonly string[]): FlameOptions['diff'] {
  if (!isAsked && positionals.length > 0) throw new Error(`"${positionals[0]}" is no flag`);
  if (!isAsked) return undefined;
  const [before, after, ...rest] = positionals;
  if (after === undefined || rest.length > 0)
    throw new Error('--diff takes two saved profiles, BEFORE.json AFTER.json');
  return [before, after];
}

function choice<T extends string>(flag: string, text: string, choices: readonly T[]): T {
  const found = choices.find((one) => one === text);
  if (found === undefined) throw new Error(`--${flag} must be one of ${choices.join(', ')}, got "${text}"`);
  return found;
}
