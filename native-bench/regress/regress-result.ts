/** The machine-readable result, as docs/regression-runs.md describes it. Fields are added without a new version, never changed. */
import { writeFileSync } from 'node:fs';
import type { Build } from './builds.js';
import type { FigureComparison, WorkloadComparison } from './compare-builds.js';
import type { MachineFacts } from './machine.js';
import { exitCodeOf, type Outcome } from './outcome.js';
import type { RegressOptions } from './regress-options.js';

export const RESULT_FORMAT_VERSION = 1;

export interface RunResult {
  readonly base: Build;
  readonly candidate: Build;
  readonly outcome: Outcome;
  readonly comparisons: readonly WorkloadComparison[];
}

export interface ResultFile {
  readonly kind: RegressOptions['mode']['kind'];
  readonly exitCode: number;
  readonly machine: MachineFacts;
  readonly options: RegressOptions;
  readonly runs: readonly RunResult[];
}

export function writeResultFile(path: string, file: ResultFile): void {
  writeFileSync(path, `${JSON.stringify(toJson(file, new Date()), undefined, 2)}\n`);
}

export function toJson({ kind, exitCode, machine, options, runs }: ResultFile, now: Date): object {
  const { pairsMin, pairsMax, thresholdPercent, mustSeePercent, alarmChancePercent, scale, seed } = options;
  return {
    formatVersion: RESULT_FORMAT_VERSION,
    kind,
    date: now.toISOString(),
    exitCode,
    machine,
    options: { pairsMin, pairsMax, thresholdPercent, mustSeePercent, alarmChancePercent, scale, seed },
    runs: runs.map((run) => ({
      outcome: run.outcome,
      exitCode: exitCodeOf(run.outcome),
      base: buildJson(run.base),
      candidate: buildJson(run.candidate),
      workloads: run.comparisons.map(workloadJson),
    })),
  };
}

function buildJson({ label, commit, isChanged }: Build): object {
  return { label, commit: commit ?? null, isChanged };
}

function workloadJson({ entry, pairs, figures, skipped }: WorkloadComparison): object {
  const { workload, ...size } = entry;
  return { workload, ...size, skipped: skipped ?? null, figures: figures.map(figureJson), pairs };
}

function figureJson({ smallestSeen, ...figure }: FigureComparison): object {
  return { ...figure, smallestSeen: Number.isFinite(smallestSeen) ? smallestSeen : null };
}
