import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runBenchmark } from '../../../native-bench/report/run-benchmark.js';
import { planRuns } from '../../../native-bench/report/run-plan.js';
import type { WorkloadTask } from '../../../native-bench/workloads/workload-result.js';
import { sampleFacts, sampleRun } from './sample-results.js';

const SIZES = { recordCount: 10, valueBytes: 100, durationMs: 1, seed: 7 };

describe('a plan', () => {
  test('lets the engines take turns', () => {
    const plan = planRuns([sampleFacts('a'), sampleFacts('b')], ['stemedb', 'lmdb'], 2);
    const order = plan.map(({ facts, engine, round }) => `${facts.name} ${engine} ${round}`);
    expect(order).toEqual([
      ...['a stemedb 1', 'a lmdb 1', 'a stemedb 2', 'a lmdb 2'],
      ...['b stemedb 1', 'b lmdb 1', 'b stemedb 2', 'b lmdb 2'],
    ]);
  });

  test('has the group commit only where something waits for the disk, or where it was asked for alone', () => {
    const workloads = [sampleFacts('a'), sampleFacts('b', { isDurable: true })];
    const both = planRuns(workloads, ['classic-level', 'classic-level-grouped'], 1);
    expect(both.map(({ facts, engine }) => `${facts.name} ${engine}`)).toEqual([
      'a classic-level',
      'b classic-level',
      'b classic-level-grouped',
    ]);
    expect(planRuns(workloads, ['classic-level-grouped'], 1)).toHaveLength(2);
  });
});

describe('a run', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'bench-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('gets a fresh directory that is gone afterwards', async () => {
    const tasks: WorkloadTask[] = [];
    const measure = async (task: WorkloadTask) => {
      expect(readdirSync(task.directory)).toEqual([]);
      tasks.push(task);
      return sampleRun('a', 'lmdb', 1, 1);
    };
    const { runs } = await runBenchmark(planRuns([sampleFacts('a')], ['lmdb'], 2), {
      sizes: SIZES,
      directory,
      measure,
    });
    expect(tasks).toMatchObject([SIZES, SIZES]);
    expect(new Set(tasks.map((task) => task.directory)).size).toBe(2);
    expect(tasks.some((task) => existsSync(task.directory))).toBe(false);
    expect(runs.map(({ round }) => round)).toEqual([1, 2]);
  });

  test('that fails is told and costs no other one', async () => {
    const measure = async ({ engine }: WorkloadTask) => {
      if (engine === 'lmdb') throw new Error('out of memory');
      return sampleRun('a', 'stemedb', 1, 1);
    };
    const plan = planRuns([sampleFacts('a')], ['lmdb', 'stemedb'], 1);
    const { runs, failures } = await runBenchmark(plan, { sizes: SIZES, directory, measure });
    expect(runs).toHaveLength(1);
    expect(failures).toEqual([{ workload: 'a', engine: 'lmdb', round: 1, message: 'out of memory' }]);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('without the idiom that is measured is no failure, and is tried once', async () => {
    let tries = 0;
    const measure = async () => {
      tries++;
      throw Object.assign(new Error('lmdb has no scanByRow'), { name: 'MissingIdiomError' });
    };
    const plan = planRuns([sampleFacts('a')], ['lmdb'], 3);
    expect(await runBenchmark(plan, { sizes: SIZES, directory, measure })).toEqual({ runs: [], failures: [] });
    expect(tries).toBe(1);
  });
});
