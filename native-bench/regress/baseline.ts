/**
 * A stored baseline: which commit, and what it reached where. Time of another day is no measure: comparing builds it again and
 * measures it beside the candidate. The stored figures only tell how the machine has changed.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { formatTable } from '../support/text-table.js';
import type { WorkloadComparison } from './compare-builds.js';
import type { MachineFacts } from './machine.js';
import { BASELINES } from './places.js';
import type { Sample } from './sample.js';
import { trimmedMean } from './statistics/trimmed-mean.js';
import type { SuiteEntry } from './suite.js';

export const BASELINE_FORMAT_VERSION = 1;

export interface BaselineWorkload extends SuiteEntry, Omit<Sample, 'operations'> {
  readonly samples: number;
}

export interface Baseline {
  readonly formatVersion: number;
  readonly kind: 'baseline';
  readonly name: string;
  readonly commit: string;
  readonly date: string;
  readonly scale: number;
  readonly machine: MachineFacts;
  readonly workloads: readonly BaselineWorkload[];
}

export function summarize(entry: SuiteEntry, samples: readonly Sample[]): BaselineWorkload {
  const mean = (figure: keyof Sample): number => trimmedMean(samples.map((sample) => sample[figure]));
  return {
    ...entry,
    samples: samples.length,
    timeUsPerOperation: mean('timeUsPerOperation'),
    cpuUsPerOperation: mean('cpuUsPerOperation'),
    writtenBytesPerOperation: mean('writtenBytesPerOperation'),
  };
}

/** Returns where it is. */
export function storeBaseline(baseline: Baseline): string {
  mkdirSync(BASELINES, { recursive: true });
  const path = join(BASELINES, `${baseline.name}.json`);
  writeFileSync(path, `${JSON.stringify(baseline, undefined, 2)}\n`);
  return path;
}

/** A path, or the name of one that `--store` wrote. */
export function loadBaseline(file: string): Baseline {
  const path = [resolve(file), join(BASELINES, file)].find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`no baseline ${file}: neither here nor where --store puts them`);
  return parseBaseline(readFileSync(path, 'utf8'), file);
}

export function parseBaseline(text: string, file: string): Baseline {
  let parsed: Partial<Baseline>;
  try {
    parsed = JSON.parse(text) as Partial<Baseline>;
  } catch (cause) {
    throw new Error(`${file} is no JSON`, { cause });
  }
  if (parsed.kind !== 'baseline' || !/^[0-9a-f]{40,64}$/.test(parsed.commit ?? '')) {
    throw new Error(`${file} is no baseline that --store has written`);
  }
  if (parsed.formatVersion !== BASELINE_FORMAT_VERSION) {
    throw new Error(`${file} has format version ${parsed.formatVersion}; this reads ${BASELINE_FORMAT_VERSION}`);
  }
  return parsed as Baseline;
}

/** How the same build does now and did then, where it was measured with the same sizes: this is the machine, not the code. */
export function formatMachineDrift(baseline: Baseline, comparisons: readonly WorkloadComparison[]): string {
  const rows = comparisons.flatMap(({ entry, pairs }) => {
    const then = baseline.workloads.find((stored) => isSameSize(stored, entry));
    if (then === undefined || pairs.length === 0) return [];
    const now = summarize(
      entry,
      pairs.map(({ base }) => base),
    );
    const ratio = now.timeUsPerOperation / then.timeUsPerOperation;
    return [
      [
        entry.workload,
        `${then.timeUsPerOperation.toFixed(2)} µs`,
        `${now.timeUsPerOperation.toFixed(2)} µs`,
        ratio.toFixed(2),
      ],
    ];
  });
  return rows.length === 0 ? '' : formatTable([['time of an operation', 'then', 'now', 'ratio'], ...rows]);
}

function isSameSize(a: SuiteEntry, b: SuiteEntry): boolean {
  return (['workload', 'recordCount', 'valueBytes', 'durationMs'] as const).every((field) => a[field] === b[field]);
}
