/**
 * The spine benchmark: StemeDB beside classic-level, on the same data, disk and durability. Each engine and workload runs
 * in a fresh process and a fresh directory; the engines take turns, and medians over the rounds are compared.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { startChild } from '../support/child-process.js';
import { wholeNumber } from '../support/flags.js';
import { noteWhatMisleads } from '../support/misleading-figures.js';
import { say } from '../support/say.js';
import { emptyWorkDirectory, removeWorkDirectory, shownPath } from '../support/work-directory.js';
import { ENGINE_NAMES, type EngineName } from './bench-engine.js';
import { formatResults, type Run } from './goals.js';
import { type Measurements, WORKLOAD_NAMES, type WorkloadName } from './workload.js';
import type { WorkloadTask } from './workload-child.js';

/** classic-level groups no more concurrent commits than libuv has threads: with the usual 4 it reaches a third. Both get these. */
const LIBUV_THREADS = 16;

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    engine: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});

const workloads = chosen(WORKLOAD_NAMES, flags.only, '--only');
const engines = chosen(ENGINE_NAMES, flags.engine, '--engine');
const rounds = flags.quick ? 1 : Math.max(1, wholeNumber('rounds', flags.rounds));
const seed = wholeNumber('seed', flags.seed);

function chosen<T extends string>(all: readonly T[], name: string | undefined, flag: string): readonly T[] {
  const some = all.filter((one) => name === undefined || one === name);
  if (some.length === 0) throw new Error(`${flag} must be one of ${all.join(', ')}`);
  return some;
}

function taskOf(engine: EngineName, workload: WorkloadName, directory: string): WorkloadTask {
  const recordCount = (workload === 'memory' ? 5_000_000 : 1_000_000) / (flags.quick ? 10 : 1);
  const durationMs = flags.quick ? 1000 : 5000;
  return { engine, workload, directory, seed, recordCount, durationMs };
}

async function measure(engine: EngineName, workload: WorkloadName): Promise<Measurements> {
  const directory = emptyWorkDirectory(`bench-${workload}-${engine}.db`);
  let measurements: Measurements | undefined;
  const child = startChild(new URL('./workload-child.ts', import.meta.url), {
    environment: { UV_THREADPOOL_SIZE: String(LIBUV_THREADS) },
    onReport: (line) => {
      measurements = JSON.parse(line) as Measurements;
    },
  });
  child.process.stdin?.end(`${JSON.stringify(taskOf(engine, workload, directory))}\n`);
  const { code, signal } = await child.ended;
  removeWorkDirectory(directory);
  if (measurements === undefined) throw new Error(`${workload} on ${engine} ended with ${signal ?? `code ${code}`}`);
  return measurements;
}

async function runAll(): Promise<Run[]> {
  const runs: Run[] = [];
  for (const workload of workloads) {
    // Memory is a maximum over one long run: repeating it says nothing new.
    const roundCount = workload === 'memory' ? 1 : rounds;
    for (let round = 1; round <= roundCount; round++) {
      for (const engine of engines) {
        const measurements = await measure(engine, workload);
        runs.push({ engine, workload, round, measurements });
        say(`${workload} round ${round}/${roundCount} ${engine}: ${firstFigure(measurements)}`);
      }
    }
  }
  return runs;
}

function firstFigure(measurements: Measurements): string {
  const [name, value] = Object.entries(measurements)[0];
  return `${name} ${Math.round(value).toLocaleString('en-US')}`;
}

function save(runs: readonly Run[]): void {
  const directory = new URL('../results/', import.meta.url);
  mkdirSync(directory, { recursive: true });
  const date = new Date().toISOString();
  const file = new URL(`spine-${date.replaceAll(':', '-').slice(0, 19)}.json`, directory);
  const machine = { node: process.version, platform: process.platform, cores: availableParallelism(), loadAtStart };
  writeFileSync(file, `${JSON.stringify({ date, machine, flags, runs }, undefined, 2)}\n`);
  say(`\nwritten to ${shownPath(file.pathname)}`);
}

const loadAtStart = noteWhatMisleads();
say(
  'Values of 100 bytes are 50 random bytes that stand twice. async ingest: batches of 1,000 with 4 in flight and no sync,',
);
say(
  'then db.sync() (classic-level: one last put with sync); chained batches there, arrays here. durable ingest: 64 writers',
);
say(
  'of single records, sync on. Block cache 64 MiB, libuv pool of 16 threads, compression on, for both. The event-loop',
);
say('monitor fires every 1 ms, and its figures contain that.\n');
const runs = await runAll();
say(`\n${formatResults(runs)}`);
save(runs);
