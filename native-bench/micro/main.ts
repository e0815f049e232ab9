/**
 * `npm run bench:micro -- [NAME …] [--json FILE] [--quick]`: the parts that records pass, each beside its budget. It is compiled
 * together with the engine by the compiler that builds the package, so what is timed is what users run. All micros share one process,
 * as all parts of a database do; for a figure that owes nothing to those before it, ask for one by its name.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { noteWhatMisleads } from '../support/misleading-figures.js';
import { startProgress } from '../support/progress.js';
import { say } from '../support/say.js';
import { emptyWorkDirectory, removeWorkDirectory } from '../support/work-directory.js';
import { MICROS } from './all-micros.js';
import { seeAllArrays } from './engine-shapes.js';
import type { Micro } from './micro.js';
import { formatResults, formatSummary, groupOf, type MicroResult, toJson } from './micro-result.js';
import { runMicro } from './run-micro.js';
import { selectMicros } from './select-micros.js';

const FULL = { timeMs: 1000, warmupMs: 300 };
const QUICK = { timeMs: 100, warmupMs: 50 };

const USAGE_EXIT_CODE = 2;

interface Command {
  readonly micros: readonly Micro[];
  readonly json: string | undefined;
  readonly isQuick: boolean;
}

/** Errors: a flag that there is not, or a name that no micro has. */
function parseCommand(commandArguments: string[]): Command {
  const options = { json: { type: 'string' }, quick: { type: 'boolean', default: false } } as const;
  const { values, positionals } = parseArgs({ args: commandArguments, options, allowPositionals: true });
  return { micros: selectMicros(MICROS, positionals), json: values.json, isQuick: values.quick };
}

/** Each group is printed when it is done: all of them take minutes. */
async function runAll(micros: readonly Micro[], isQuick: boolean): Promise<MicroResult[]> {
  const results: MicroResult[] = [];
  for (const group of new Set(micros.map(({ name }) => groupOf(name)))) {
    const ofGroup = await runGroup(group, micros, isQuick);
    say(`${formatResults(ofGroup)}\n`);
    results.push(...ofGroup);
  }
  return results;
}

async function runGroup(group: string, all: readonly Micro[], isQuick: boolean): Promise<MicroResult[]> {
  const micros = all.filter(({ name }) => groupOf(name) === group);
  const progress = startProgress(group, micros.length, 'micros');
  const results: MicroResult[] = [];
  try {
    for (const micro of micros) {
      progress.update(results.length, micro.name);
      seeAllArrays();
      const directory = emptyWorkDirectory('bench-micro');
      const context = { directory, entriesMax: Number.POSITIVE_INFINITY };
      results.push(await runMicro(micro, context, isQuick ? QUICK : FULL));
    }
  } finally {
    progress.stop();
    removeWorkDirectory(emptyWorkDirectory('bench-micro'));
  }
  return results;
}

function save(file: string, results: readonly MicroResult[], isQuick: boolean, loadAtStart: number): void {
  mkdirSync(dirname(file), { recursive: true });
  const machine = { node: process.version, cores: availableParallelism(), processor: cpus().at(0)?.model, loadAtStart };
  writeFileSync(file, toJson(results, { date: new Date().toISOString(), machine, isQuick }));
  say(`written to ${file}`);
}

async function main(): Promise<void> {
  const command = commandOrUsage();
  if (command === undefined) return;
  const { micros, json, isQuick } = command;
  const loadAtStart = noteWhatMisleads();
  const results = await runAll(micros, isQuick);
  say(formatSummary(results));
  if (json !== undefined) save(json, results, isQuick, loadAtStart);
}

/** Undefined: the command was wrong, and the user has been told. */
function commandOrUsage(): Command | undefined {
  try {
    return parseCommand(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`bench:micro: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = USAGE_EXIT_CODE;
    return undefined;
  }
}

await main();
