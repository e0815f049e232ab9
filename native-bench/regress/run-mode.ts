import { say } from '../support/say.js';
import { shownPath } from '../support/work-directory.js';
import {
  BASELINE_FORMAT_VERSION,
  type Baseline,
  formatMachineDrift,
  loadBaseline,
  storeBaseline,
  summarize,
} from './baseline.js';
import { buildRevision } from './build-revision.js';
import { type Build, buildIn, copyWorkingTreeBuild, slowBuild } from './builds.js';
import { formatComparisons, formatPercent, namesOfSlower } from './comparison-table.js';
import { workingTree } from './git.js';
import type { MachineFacts } from './machine.js';
import { measureBuild } from './measure.js';
import { exitCodeOf, isSlower, smallestSeenOf } from './outcome.js';
import type { Base, RegressOptions } from './regress-options.js';
import type { RunResult } from './regress-result.js';
import { runComparison } from './run-comparison.js';
import { sizeOf } from './suite.js';

interface Ended {
  readonly exitCode: number;
  readonly runs: readonly RunResult[];
}

export async function runMode(options: RegressOptions, runDirectory: string, machine: MachineFacts): Promise<Ended> {
  const { mode } = options;
  switch (mode.kind) {
    case 'compare':
      return compare(mode.base, options, runDirectory);
    case 'store':
      return store(mode.name, options, runDirectory, machine);
    case 'canary':
      return canary(options, runDirectory);
    case 'self-check':
      return selfCheck(mode.runs, options, runDirectory);
  }
}

async function compare(wanted: Base, options: RegressOptions, runDirectory: string): Promise<Ended> {
  const baseline = wanted.kind === 'baseline' ? loadBaseline(wanted.file) : undefined;
  const candidate = await copyWorkingTreeBuild(runDirectory, 'candidate');
  const base = await baseBuild(wanted, baseline, runDirectory);
  const run = await runComparison({ base, candidate }, options);
  say(`\n${formatComparisons(run.comparisons, options.thresholdPercent)}\n`);
  if (baseline !== undefined) sayDrift(baseline, run);
  say(conclusionOf(run, options));
  return { exitCode: exitCodeOf(run.outcome), runs: [run] };
}

function baseBuild(wanted: Base, baseline: Baseline | undefined, runDirectory: string): Promise<Build> | Build {
  if (wanted.kind === 'build') return buildIn(wanted.directory);
  if (wanted.kind === 'revision') return buildRevision(wanted.revision, runDirectory);
  return buildRevision(baseline?.commit ?? '', runDirectory);
}

function sayDrift(baseline: Baseline, run: RunResult): void {
  const drift = formatMachineDrift(baseline, run.comparisons);
  if (drift === '') return;
  say(
    `The base when it was stored (${baseline.date.slice(0, 10)}), and now. Nothing is judged by this: it is the machine.`,
  );
  say(`${drift}\n`);
}

function conclusionOf(
  { outcome, comparisons, candidate, base }: RunResult,
  { mustSeePercent }: RegressOptions,
): string {
  const conclusions = {
    slower: `Slower than ${base.label}: ${namesOfSlower(comparisons)}.`,
    fine: `No slowdown of the ${candidate.label} against ${base.label} beyond noise.`,
    'not-judged': `Not judged: of some workload a slowdown of ${mustSeePercent} % is not excluded. Use a quieter machine, or more pairs (--pairs-max).`,
  };
  return conclusions[outcome];
}

async function store(
  name: string,
  options: RegressOptions,
  runDirectory: string,
  machine: MachineFacts,
): Promise<Ended> {
  const { commit, changed } = await workingTree();
  if (commit === undefined) throw new Error('a baseline is a commit, and this is no git repository');
  if (changed.length > 0) {
    throw new Error(`a baseline is built again from its commit, so commit these first: ${changed.join(', ').trim()}`);
  }
  const build = await copyWorkingTreeBuild(runDirectory, 'candidate');
  const workloads = [];
  for (const entry of options.workloads.map((workload) => sizeOf(workload, options.scale))) {
    const samples = [];
    for (let i = 0; i < options.pairsMin; i++) samples.push(await measureBuild(build, entry, options.seed + i));
    workloads.push(summarize(entry, samples));
    say(`${entry.workload}: ${workloads[workloads.length - 1].timeUsPerOperation.toFixed(2)} µs an operation`);
  }
  const path = storeBaseline({
    formatVersion: BASELINE_FORMAT_VERSION,
    kind: 'baseline',
    name,
    commit,
    date: new Date().toISOString(),
    scale: options.scale,
    machine,
    workloads,
  });
  say(`Stored in ${shownPath(path)}. Compare with it by --against ${name}.json.`);
  return { exitCode: 0, runs: [] };
}

/** Every workload must raise the alarm: the slowdown is in all of them. */
async function canary(options: RegressOptions, runDirectory: string): Promise<Ended> {
  const base = await copyWorkingTreeBuild(runDirectory, 'base');
  const candidate = slowBuild(
    await copyWorkingTreeBuild(runDirectory, 'candidate'),
    runDirectory,
    options.slowdownPercent,
  );
  const run = await runComparison({ base, candidate }, options);
  say(`\n${formatComparisons(run.comparisons, options.thresholdPercent)}\n`);
  for (const { entry, figures } of run.comparisons) {
    say(`${entry.workload}: these pairs would have shown a slowdown of ${formatPercent(smallestSeenOf(figures))}.`);
  }
  const missed = run.comparisons.filter((comparison) => !isSlower(comparison)).map(({ entry }) => entry.workload);
  say(
    missed.length === 0
      ? `Caught: a slowdown of ${options.slowdownPercent} % was seen in every workload.`
      : `MISSED: a slowdown of ${options.slowdownPercent} % was not seen in ${missed.join(', ')}.`,
  );
  return { exitCode: missed.length === 0 ? 0 : 1, runs: [run] };
}

async function selfCheck(count: number, options: RegressOptions, runDirectory: string): Promise<Ended> {
  const base = await copyWorkingTreeBuild(runDirectory, 'base');
  const candidate = await copyWorkingTreeBuild(runDirectory, 'candidate');
  const runs: RunResult[] = [];
  for (let i = 1; i <= count; i++) {
    // Other data and other resamples each time: the same ones would repeat one result.
    const run = await runComparison({ base, candidate }, { ...options, seed: options.seed + 1000 * i });
    runs.push(run);
    say(`\n${formatComparisons(run.comparisons, options.thresholdPercent)}\nSelf-check ${i}/${count}: ${run.outcome}`);
  }
  const alarms = runs.filter(({ outcome }) => outcome === 'slower').length;
  const unjudged = runs.filter(({ outcome }) => outcome === 'not-judged').length;
  say(`\n${count} runs of the same code: ${alarms} false alarms, ${unjudged} not judged.`);
  return { exitCode: alarms > 0 ? 1 : exitCodeOf(unjudged > 0 ? 'not-judged' : 'fine'), runs };
}
