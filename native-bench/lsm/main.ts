/**
 * The tree benchmark: StemeDB beside classic-level and rocksdb-native under load that lasts. Each engine and workload runs in
 * a fresh process and a fresh directory; the engines take turns.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startChild } from '../support/child-process.js';
import { wholeNumber } from '../support/flags.js';
import { noteWhatMisleads } from '../support/misleading-figures.js';
import { say } from '../support/say.js';
import { emptyWorkDirectory, removeWorkDirectory, shownPath } from '../support/work-directory.js';
import { formatResults, type Run } from './goals.js';
import { ENGINE_NAMES, type EngineName } from './lsm-engine.js';
import type { WorkloadTask } from './workload-child.js';
import { type Measurements, WORKLOAD_NAMES, type WorkloadName } from './workloads.js';

/** As in the spine benchmark: classic-level commits no more batches at a time than libuv has threads. All get these. */
const LIBUV_THREADS = 16;
const RECORDS: Record<WorkloadName, number> = { random: 10_000_000, 'time-ordered': 10_000_000, overwrite: 5_000_000 };

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    engine: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});

const workloads = chosen(WORKLOAD_NAMES, flags.only, '--only');
const engines = chosen(ENGINE_NAMES, flags.engine, '--engine').filter(isInstalled);
const rounds = flags.quick ? 1 : Math.max(1, wholeNumber('rounds', flags.rounds));
const seed = wholeNumber('seed', flags.seed);

function chosen<T extends string>(all: readonly T[], name: string | undefined, flag: string): readonly T[] {
  const some = all.filter((one) => name === undefined || one === name);
  if (some.length === 0) throw new Error(`${flag} must be one of ${all.join(', ')}`);
  return some;
}

/** rocksdb-native is 160 MB and nobody's dependency: it is installed here when it is first asked for. */
function isInstalled(engine: EngineName): boolean {
  if (engine !== 'rocksdb-native') return true;
  const peers = fileURLToPath(new URL('../peers/', import.meta.url));
  if (existsSync(`${peers}node_modules/rocksdb-native`)) return true;
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], { cwd: peers, stdio: 'inherit' });
  if (status !== 0) say('Note: rocksdb-native cannot be installed here, so it is left out.');
  return status === 0;
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
  const recordCount = RECORDS[workload] / (flags.quick ? 10 : 1);
  const task: WorkloadTask = { engine, workload, directory, seed, recordCount };
  child.process.stdin?.end(`${JSON.stringify(task)}\n`);
  const { code, signal } = await child.ended;
  removeWorkDirectory(directory);
  if (measurements === undefined) throw new Error(`${workload} on ${engine} ended with ${signal ?? `code ${code}`}`);
  return measurements;
}

async function runAll(): Promise<Run[]> {
  const runs: Run[] = [];
  for (const workload of workloads) {
    for (let round = 1; round <= rounds; round++) {
      for (const engine of engines) {
        const measurements = await measure(engine, workload);
        runs.push({ engine, workload, round, measurements });
        say(`${workload} round ${round}/${rounds} ${engine}: ${firstFigure(measurements)}`);
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
  const file = new URL(`lsm-${date.replaceAll(':', '-').slice(0, 19)}.json`, directory);
  const machine = { node: process.version, platform: process.platform, cores: availableParallelism(), loadAtStart };
  writeFileSync(file, `${JSON.stringify({ date, machine, flags, runs }, undefined, 2)}\n`);
  say(`\nwritten to ${shownPath(file.pathname)}`);
}

const loadAtStart = noteWhatMisleads();
say(
  'Keys of 16 bytes, values of 100 bytes that are 50 random bytes twice. Ingest in batches of 1,000 with 4 in flight and no',
);
say(
  'sync, durable at the end (rocksdb-native: by a flush). Settled: five seconds without a byte written. Write amplification is',
);
say(
  'all that the process caused to be written until it settled, logs included, over keys and values. Scans in calls of 1,000',
);
say(
  'rows (rocksdb-native: its stream), warm. Block cache 64 MiB for stemedb and classic-level; rocksdb-native has its own',
);
say('defaults, without compression. Space amplification: tables after settling over tables after a full compaction.\n');
const runs = await runAll();
say(`\n${formatResults(runs)}`);
save(runs);
