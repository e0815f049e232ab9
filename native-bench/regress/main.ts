/**
 * Regression runs: two builds of the engine side by side in one run, judged by ratio. docs/regression-runs.md tells how to read it.
 * Ends with 0 when all is fine, 1 when something is slower beyond noise, 2 when that could not be judged or the call was wrong.
 */
import { noteWhatMisleads } from '../support/misleading-figures.js';
import { say } from '../support/say.js';
import { WORKLOADS } from '../workloads/all-workloads.js';
import { machineFacts } from './machine.js';
import { exitCodeOf } from './outcome.js';
import { makeRunDirectory } from './places.js';
import { parseRegressOptions, UsageError } from './regress-options.js';
import { writeResultFile } from './regress-result.js';
import { runMode } from './run-mode.js';

async function main(): Promise<number> {
  const options = parseRegressOptions(
    process.argv.slice(2),
    WORKLOADS.map(({ name }) => name),
  );
  noteWhatMisleads();
  const runDirectory = makeRunDirectory();
  const machine = machineFacts(runDirectory);
  const { exitCode, runs } = await runMode(options, runDirectory, machine);
  if (options.jsonFile !== undefined) {
    writeResultFile(options.jsonFile, { kind: options.mode.kind, exitCode, machine, options, runs });
    say(`Written to ${options.jsonFile}.`);
  }
  return exitCode;
}

function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof UsageError ? message : `The comparison could not be made: ${message}`;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = exitCodeOf('not-judged');
}
