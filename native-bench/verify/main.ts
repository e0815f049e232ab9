/**
 * The verification benchmark: how fast `verify` reads a sound database, beside what the disk gives to somebody who reads the same
 * files from their start to their end and does nothing with them.
 */
import { parseArgs } from 'node:util';
import { loadEngine } from '../support/engine.js';
import { wholeNumber } from '../support/flags.js';
import { noteWhatMisleads } from '../support/misleading-figures.js';
import { dropPageCache } from '../support/page-cache.js';
import { say } from '../support/say.js';
import { formatCount, formatMegabytes, formatMs, formatTable } from '../support/text-table.js';
import { emptyWorkDirectory, removeWorkDirectory } from '../support/work-directory.js';
import { readSequentially } from './disk-speed.js';
import { sortedRecords } from './verify-data.js';

const MIB = 1024 * 1024;
/** The goal: of the disk's speed. */
const GOAL_SHARE = 0.5;
const KEY_BYTES = 16;

const { values: flags } = parseArgs({
  options: {
    mib: { type: 'string', default: '2048' },
    runs: { type: 'string', default: '3' },
    threads: { type: 'string' },
    only: { type: 'string' },
    cold: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
  },
});

interface Row {
  readonly name: string;
  readonly valueBytes: number;
}

/** Values of the last one stand in blob files. */
const ROWS: readonly Row[] = [
  { name: '100', valueBytes: 100 },
  { name: '1024', valueBytes: 1024 },
  { name: '8192', valueBytes: 8192 },
];

interface Run {
  readonly verifyMs: number;
  readonly diskMs: number;
  readonly cpuMs: number;
}

const dataBytes = Math.max(1, wholeNumber('mib', flags.mib)) * MIB;
const runCount = Math.max(1, wholeNumber('runs', flags.runs));
const threads = flags.threads === undefined ? undefined : wholeNumber('threads', flags.threads);
const rows = ROWS.filter(({ name }) => flags.only === undefined || name === flags.only);
if (rows.length === 0) throw new Error(`--only must be one of ${ROWS.map(({ name }) => name).join(', ')}`);
const { open, verify } = await loadEngine();

async function measure({ name, valueBytes }: Row): Promise<string[]> {
  const directory = emptyWorkDirectory(`bench-verify-${name}.db`);
  try {
    const count = Math.ceil(dataBytes / (KEY_BYTES + valueBytes));
    const db = await open(directory);
    await db.bulkLoad(sortedRecords(wholeNumber('seed', flags.seed), count, valueBytes));
    await db.close();
    const runs: Run[] = [];
    let bytes = 0;
    while (runs.length < runCount) {
      const disk = readSequentially(directory);
      bytes = disk.bytes;
      runs.push({ diskMs: disk.ms, ...(await verifyOnce(directory)) });
    }
    return formatRow(name, count, bytes, runs);
  } finally {
    removeWorkDirectory(directory);
  }
}

async function verifyOnce(directory: string): Promise<Pick<Run, 'verifyMs' | 'cpuMs'>> {
  if (flags.cold) dropPageCache();
  const cpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  const report = await verify(directory, { threads });
  const verifyMs = performance.now() - startedAtMs;
  const cpu = process.cpuUsage(cpuBefore);
  if (!report.isSound) throw new Error(`the database is not sound: ${JSON.stringify(report.findings)}`);
  return { verifyMs, cpuMs: (cpu.user + cpu.system) / 1000 };
}

function formatRow(name: string, count: number, bytes: number, runs: readonly Run[]): string[] {
  const verifyMs = medianOf(runs.map((run) => run.verifyMs));
  const diskMs = medianOf(runs.map((run) => run.diskMs));
  const share = diskMs / verifyMs;
  return [
    name,
    formatCount(count),
    formatMegabytes(bytes),
    formatMs(verifyMs),
    formatMs(medianOf(runs.map((run) => run.cpuMs))),
    formatCount(bytes / 1e3 / verifyMs),
    formatCount(bytes / 1e3 / diskMs),
    `${(100 * share).toFixed(0)} %`,
    ...(flags.cold ? [`> ${100 * GOAL_SHARE} %`, share > GOAL_SHARE ? 'met' : 'MISSED'] : []),
  ];
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >>> 1];
}

noteWhatMisleads();
say(
  `Keys of 16 bytes, values of which LZ4 halves. Page cache ${flags.cold ? 'cold' : 'warm'}; median of ${runCount}.\n`,
);
const HEADING = ['values', 'records', 'files', 'verify', 'cpu', 'MB/s', 'disk MB/s', 'share'];
const table: string[][] = [[...HEADING, ...(flags.cold ? ['goal', ''] : [])]];
for (const row of rows) table.push(await measure(row));
say(formatTable(table));
