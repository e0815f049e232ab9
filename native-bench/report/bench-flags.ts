import { Command } from 'commander';
import { ENGINE_NAMES, type EngineName } from '../peers/bench-engine.js';

/** What the command line asks for, checked. */
export interface BenchFlags {
  readonly isQuick: boolean;
  readonly rounds: number;
  /** In the order of the whole table, whatever order they were named in. */
  readonly workloads: readonly string[];
  readonly engines: readonly EngineName[];
  /** Undefined: what each workload takes by itself. */
  readonly recordCount?: number;
  readonly seed: number;
  readonly outDirectory?: string;
  /** A results file to show again instead of a run. */
  readonly reportFile?: string;
}

const ROUNDS_DEFAULT = 3;
const ROUNDS_MAX = 99;
const RECORDS_MAX = 1_000_000_000;
const SEED_MAX = 0xffff_ffff;

/** Values are optional to commander, so that a missing one is told along with all other problems. */
export function benchCommand(workloadNames: readonly string[]): Command {
  return new Command('npm run bench --')
    .description('StemeDB beside its peers: a table, a results file and a page with charts.')
    .option('--quick', 'the whole table in under five minutes: fewer records, one round')
    .option('--rounds [n]', `how often each engine runs each workload (default: ${ROUNDS_DEFAULT}, with --quick 1)`)
    .option('--only [names]', 'workloads by name, separated by commas; "fill*" names several')
    .option('--engines [names]', `of ${ENGINE_NAMES.join(', ')}`)
    .option('--records [n]', 'how many records there are (default: as each workload has it)')
    .option('--seed [n]', 'of all keys, values and choices (default: 1)')
    .option('--out [dir]', 'where results go (default: native-bench/results)')
    .option('--report [file]', 'shows a results file again: table and page, without a run')
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText('after', `\nWorkloads: ${workloadNames.join(', ')}`);
}

/** Reads the flags. Throws one error that names every problem of them. */
export function parseBenchFlags(userArguments: readonly string[], workloadNames: readonly string[]): BenchFlags {
  const command = benchCommand(workloadNames).parse(userArguments, { from: 'user' });
  const options: Readonly<Record<string, string | boolean | undefined>> = command.opts();
  const problems = command.args.map(strayProblem);
  const read = new FlagReader(options, problems);
  const isQuick = options.quick === true;
  const flags: BenchFlags = {
    isQuick,
    rounds: read.wholeNumber('rounds', 1, ROUNDS_MAX) ?? (isQuick ? 1 : ROUNDS_DEFAULT),
    workloads: read.names('only', workloadNames),
    engines: read.names('engines', ENGINE_NAMES),
    recordCount: read.wholeNumber('records', 1, RECORDS_MAX),
    seed: read.wholeNumber('seed', 0, SEED_MAX) ?? 1,
    outDirectory: read.text('out', 'a directory'),
    reportFile: read.text('report', 'a results file'),
  };
  if (flags.reportFile !== undefined) problems.push(...runFlagProblems(options));
  if (problems.length > 0) throw new Error(`${problems.join('; ')}; see --help`);
  return flags;
}

function strayProblem(argument: string): string {
  return argument.startsWith('-') ? `unknown flag ${argument}` : `unexpected argument "${argument}"`;
}

/** What a rendered file was run with is in the file. */
function runFlagProblems(options: Readonly<Record<string, unknown>>): string[] {
  return ['quick', 'rounds', 'only', 'engines', 'records', 'seed']
    .filter((flag) => options[flag] !== undefined)
    .map((flag) => `--${flag} does not go with --report, which runs nothing`);
}

class FlagReader {
  readonly #options: Readonly<Record<string, string | boolean | undefined>>;
  readonly #problems: string[];

  constructor(options: Readonly<Record<string, string | boolean | undefined>>, problems: string[]) {
    this.#options = options;
    this.#problems = problems;
  }

  text(flag: string, what: string): string | undefined {
    const value = this.#options[flag];
    if (typeof value === 'string' && value !== '') return value;
    if (value !== undefined) this.#problems.push(`--${flag} needs ${what}`);
    return undefined;
  }

  wholeNumber(flag: string, min: number, max: number): number | undefined {
    const text = this.text(flag, 'a whole number');
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    this.#problems.push(`--${flag} must be a whole number from ${min} to ${max}, got "${text}"`);
    return undefined;
  }

  /** All of `known` when the flag is not given. `*` in a name stands for anything. */
  names<T extends string>(flag: string, known: readonly T[]): readonly T[] {
    const text = this.text(flag, 'names');
    if (text === undefined) return known;
    const patterns = text.split(',').map((name) => ({ name: name.trim(), expression: globExpression(name.trim()) }));
    const unknown = patterns.filter(({ expression }) => !known.some((name) => expression.test(name)));
    if (unknown.length > 0) {
      const named = unknown.map(({ name }) => `"${name}"`).join(', ');
      this.#problems.push(`--${flag} knows no ${named}, only ${known.join(', ')}`);
    }
    return known.filter((name) => patterns.some(({ expression }) => expression.test(name)));
  }
}

function globExpression(glob: string): RegExp {
  const parts = glob.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
