/**
 * `npm run bench`: StemeDB beside its peers. Each engine and workload runs in a fresh process on a fresh directory, the engines take
 * turns, and medians over the rounds are compared. docs/benchmarks.md tells what each figure means.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { installedEngines } from './peers/install.js';
import { type BenchFlags, parseBenchFlags } from './report/bench-flags.js';
import { endOnSignal } from './report/end-on-signal.js';
import type { PageParts } from './report/html-page.js';
import { commitOfTree, machineFacts } from './report/machine-facts.js';
import { LIMIT_SIZES, LIMIT_SIZES_QUICK, measureMachineLimits } from './report/machine-limits.js';
import { readPageParts } from './report/page-parts.js';
import { RESULTS_FORMAT_VERSION, type ResultsFile, type RunSettings } from './report/results-file.js';
import { parseResults } from './report/results-schema.js';
import { type Measured, runBenchmark } from './report/run-benchmark.js';
import { type PlannedRun, planRuns } from './report/run-plan.js';
import { notesReport, textReport } from './report/text-report.js';
import { withTimeLimit } from './report/time-limit.js';
import { factsOf } from './report/workload-facts.js';
import { writePage, writeResults } from './report/write-results.js';
import { whatMisleads } from './support/misleading-figures.js';
import { type Progress, startProgress } from './support/progress.js';
import { PROJECT_URL } from './support/project.js';
import { say } from './support/say.js';
import { formatCount } from './support/text-table.js';
import { emptyWorkDirectory, removeWorkDirectory, shownPath } from './support/work-directory.js';
import { WORKLOADS, workloadNamed } from './workloads/all-workloads.js';
import { runWorkload } from './workloads/run-workload.js';
import type { WorkloadResult, WorkloadTask } from './workloads/workload-result.js';

/** classic-level commits no more batches at a time than libuv has threads, of which there are four by default. All engines get these. */
const LIBUV_THREADS = 16;
const FULL = { recordCount: 1_000_000, durationMs: 5000 };
/** What the whole table takes under five minutes with, on two cores. */
const QUICK = { recordCount: 20_000, durationMs: 200 };
const VALUE_BYTES = 100;
/** A run that takes longer hangs: ten minutes where 5 s are measured, loading and settling included. */
const RUN_MS_MAX_LEAST = 50_000;
const RUN_DURATIONS_MAX = 110;
const RESULTS_DIRECTORY = fileURLToPath(new URL('native-bench/results/', PROJECT_URL));

async function main(): Promise<void> {
  const names = WORKLOADS.map(({ name }) => name);
  const flags = parseBenchFlags(process.argv.slice(2), names);
  const parts = readPageParts();
  if (flags.reportFile !== undefined) return showAgain(flags.reportFile, parts, flags.outDirectory);
  const results = await measureAll(flags);
  const file = writeResults(results, flags.outDirectory ?? RESULTS_DIRECTORY);
  const page = writePage(results, parts, file);
  say(textReport(results));
  say(`\nwritten to ${shownPath(file)} and ${shownPath(page)}`);
  if (results.failures.length > 0) process.exitCode = 1;
}

function showAgain(file: string, parts: PageParts, outDirectory: string | undefined): void {
  const results = parseResults(readFileSync(file, 'utf8'));
  if (results.notes.length > 0) say(notesReport(results.notes));
  const page = writePage(results, parts, file, outDirectory);
  say(textReport(results));
  say(`\nwritten to ${shownPath(page)}`);
}

async function measureAll(flags: BenchFlags): Promise<ResultsFile> {
  const date = new Date().toISOString();
  const settings = settingsOf(flags);
  const { load, notes: machineNotes } = whatMisleads();
  const notes = [...machineNotes, ...sizeNotes(settings)];
  if (notes.length > 0) say(notesReport(notes));
  const workloads = flags.workloads.map((name) => factsOf(workloadNamed(name)));
  const machine = machineFacts(load);
  const commit = commitOfTree();
  const directory = emptyWorkDirectory(`bench-${process.pid}`);
  endOnSignal(directory);
  try {
    const limits = await measureMachineLimits(flags.isQuick ? LIMIT_SIZES_QUICK : LIMIT_SIZES, directory);
    const plan = planRuns(workloads, settings.engines, flags.rounds);
    const { runs, failures } = await runWithProgress(plan, settings, directory);
    const formatVersion = RESULTS_FORMAT_VERSION;
    return { formatVersion, date, commit, settings, machine, limits, notes, workloads, runs, failures };
  } finally {
    removeWorkDirectory(directory);
  }
}

function settingsOf({ isQuick, rounds, seed, engines, recordCount }: BenchFlags): RunSettings {
  const sizes = isQuick ? QUICK : FULL;
  const installed = installedEngines();
  return {
    isQuick,
    rounds,
    seed,
    engines: engines.filter((engine) => installed.includes(engine)),
    recordCount: recordCount ?? sizes.recordCount,
    valueBytes: VALUE_BYTES,
    durationMs: sizes.durationMs,
    libuvThreads: LIBUV_THREADS,
  };
}

function sizeNotes({ recordCount, durationMs, rounds }: RunSettings): string[] {
  if (recordCount >= FULL.recordCount && durationMs >= FULL.durationMs && rounds > 1) return [];
  const goalSize = `${formatCount(FULL.recordCount)} records, ${FULL.durationMs / 1000} s and several rounds`;
  return [`this run is smaller than what the goals are about, which is ${goalSize}: its verdicts tell little.`];
}

async function runWithProgress(
  plan: readonly PlannedRun[],
  { recordCount, valueBytes, durationMs, seed }: RunSettings,
  directory: string,
): Promise<Measured> {
  const progress: Progress = startProgress('bench', plan.length, 'runs');
  try {
    return await runBenchmark(plan, {
      sizes: { recordCount, valueBytes, durationMs, seed },
      directory,
      measure,
      onProgress: (doneCount, next) => progress.update(doneCount, next === undefined ? '' : noteOf(next)),
    });
  } finally {
    progress.stop();
  }
}

function noteOf({ facts, engine, round }: PlannedRun): string {
  return `${facts.name} ${engine}, round ${round}`;
}

function measure(task: WorkloadTask): Promise<WorkloadResult> {
  const elapsedMsMax = RUN_MS_MAX_LEAST + RUN_DURATIONS_MAX * task.durationMs;
  const environment = { UV_THREADPOOL_SIZE: String(LIBUV_THREADS) };
  return withTimeLimit(elapsedMsMax, () => runWorkload(task, { environment }));
}

/** Whoever reads the tables may stop early (`| head`): the files are written all the same. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
