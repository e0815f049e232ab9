/**
 * The recovery benchmark: a process fills the log and is killed (SIGKILL) with all of it unflushed; another opens the store. How
 * long until it is open, answers the first read, acknowledges the first durable write?
 */
import { parseArgs } from 'node:util';
import { startChild } from '../support/child-process.js';
import { wholeNumber } from '../support/flags.js';
import { noteWhatMisleads } from '../support/misleading-figures.js';
import { dropPageCache } from '../support/page-cache.js';
import { say } from '../support/say.js';
import { formatCount, formatMegabytes, formatMs, formatTable } from '../support/text-table.js';
import { emptyWorkDirectory, removeWorkDirectory } from '../support/work-directory.js';
import type { FilledReport, KeyOrder, OpenedReport, RecoveryTask } from './recovery-task.js';

const MIB = 1024 * 1024;
const FIRST_READ_MS_MAX = 5000;
/** What the goal is about; of a shorter log no goal is reported. */
const GOAL_LOG_BYTES = 1024 * MIB;

const { values: flags } = parseArgs({
  options: {
    'log-bytes': { type: 'string', default: String(GOAL_LOG_BYTES) },
    'memtable-mib': { type: 'string', default: '1024' },
    only: { type: 'string' },
    cold: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
  },
});

interface Row {
  readonly name: string;
  readonly order: KeyOrder;
  readonly valueBytes: number;
}

const ROWS: readonly Row[] = [
  { name: '100-random', order: 'random', valueBytes: 100 },
  { name: '100-time', order: 'time', valueBytes: 100 },
  { name: '1024-random', order: 'random', valueBytes: 1024 },
  { name: '1024-time', order: 'time', valueBytes: 1024 },
];

const logBytes = Number(flags['log-bytes']);
if (!Number.isSafeInteger(logBytes) || logBytes < MIB)
  throw new Error('--log-bytes must be a number of bytes from 1 MiB on');
const memtableBytes = wholeNumber('memtable-mib', flags['memtable-mib']) * MIB;
const rows = ROWS.filter(({ name }) => flags.only === undefined || name === flags.only);
if (rows.length === 0) throw new Error(`--only must be one of ${ROWS.map(({ name }) => name).join(', ')}`);

async function measure({ name, order, valueBytes }: Row): Promise<OpenedReport> {
  const directory = emptyWorkDirectory(`bench-recovery-${name}.db`);
  const seed = wholeNumber('seed', flags.seed);
  const task: RecoveryTask = { directory, seed, order, valueBytes, logBytes, memtableBytes };
  try {
    const { recordCount, writtenBytes, sealedCount } = await runUntilKilled<FilledReport>('./fill-child.ts', task);
    const filled = `${formatCount(recordCount)} records, ${formatMegabytes(writtenBytes)} of log`;
    say(`${name}: killed with ${filled}, ${sealedCount + 1} memtables`);
    if (flags.cold) dropPageCache();
    return await runUntilKilled<OpenedReport>('./open-child.ts', { ...task, recordCount });
  } finally {
    removeWorkDirectory(directory);
  }
}

/** Kills the child with its report. */
async function runUntilKilled<T>(file: string, task: object): Promise<T> {
  let found: T | undefined;
  const child = startChild(new URL(file, import.meta.url), {
    onReport: (line) => {
      found = JSON.parse(line) as T;
      child.process.kill('SIGKILL');
    },
  });
  child.process.stdin?.end(`${JSON.stringify(task)}\n`);
  const { code, signal } = await child.ended;
  if (found === undefined) throw new Error(`${file} ended with ${signal ?? `code ${code}`}`);
  return found;
}

const HEADING = [
  'values-keys',
  'records',
  'log',
  'open',
  'first read',
  'first ack',
  'MB/s',
  'records/s',
  'cpu',
  'RSS max',
];

function formatRow({ name }: Row, opened: OpenedReport): string[] {
  const { openMs, cpuMs, firstReadMs, firstAckMs, replayedRecords, replayedBytes, rssMaxBytes, eventLoopMaxMs } =
    opened;
  const isGoal = logBytes >= GOAL_LOG_BYTES;
  return [
    name,
    formatCount(replayedRecords),
    formatMegabytes(replayedBytes),
    formatMs(openMs),
    formatMs(firstReadMs),
    formatMs(firstAckMs),
    formatCount(replayedBytes / 1e3 / openMs),
    formatCount((replayedRecords * 1e3) / openMs),
    formatMs(cpuMs),
    formatMegabytes(rssMaxBytes),
    formatMs(eventLoopMaxMs),
    ...(isGoal ? [`< ${FIRST_READ_MS_MAX} ms`, firstReadMs < FIRST_READ_MS_MAX ? 'met' : 'MISSED'] : []),
  ];
}

noteWhatMisleads();
say(
  `Keys of 16 bytes, random or rising with time; values of 100 bytes or 1 KiB. Page cache ${flags.cold ? 'cold' : 'warm'}.\n`,
);
const table: string[][] = [[...HEADING, 'loop max', 'goal, first read', '']];
for (const row of rows) table.push(formatRow(row, await measure(row)));
say(`\n${formatTable(table)}`);
