/**
 * The soak: a mixed load for as long as wanted, on the built engine and a real disk. What must stay flat is watched: resident memory,
 * the number of files, the bytes on disk; what was acknowledged is compared at the end, and again after reopening.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { loadEngine } from '../../native-bench/support/engine.js';
import { EventLoopDelay } from '../../native-bench/support/event-loop-delay.js';
import { startProgress } from '../../native-bench/support/progress.js';
import { slope } from '../../native-bench/support/samples.js';
import { formatCount, formatMegabytes, formatMs, formatTable } from '../../native-bench/support/text-table.js';
import { emptyWorkDirectory, removeWorkDirectory, shownPath } from '../../native-bench/support/work-directory.js';
import { SoakLoad } from './soak-load.js';

const SAMPLE_MS = 1000;
/** Only over the last part of the run has everything to be flat: before, caches fill and levels form. */
const SETTLED_FRACTION = 0.6;
/** A run shorter than this is too short to speak of slopes. */
const SLOPE_MINUTES_MIN = 4;
const RSS_SLOPE_MB_PER_MINUTE_MAX = 10;
const RSS_BYTES_MAX = 900e6;
const FILES_MAX = 300;
const DISK_BYTES_MAX = 3e9;

const { values: flags } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(flags.minutes);
if (!(minutes > 0 && minutes <= 10_000)) throw new Error(`--minutes must be above 0, got "${flags.minutes}"`);

interface Sample {
  readonly minute: number;
  readonly rssBytes: number;
  readonly fileCount: number;
  readonly diskBytes: number;
  readonly operationCount: number;
}

function takeSample(directory: string, startMs: number, load: SoakLoad): Sample {
  const names = readdirSync(directory);
  let diskBytes = 0;
  for (const name of names) diskBytes += statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0;
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return {
    minute: (performance.now() - startMs) / 60_000,
    rssBytes: Number(resident?.[1] ?? Number.NaN) * 1024,
    fileCount: names.length,
    diskBytes,
    operationCount: load.operationCount,
  };
}

function maxOf(samples: readonly Sample[], figure: (sample: Sample) => number): number {
  return samples.reduce((max, sample) => Math.max(max, figure(sample)), 0);
}

function judge(samples: readonly Sample[], load: SoakLoad, delayP99Ms: number): boolean {
  const settled = samples.filter(({ minute }) => minute >= minutes * (1 - SETTLED_FRACTION));
  const rssSlope = slope(settled.map(({ minute, rssBytes }) => ({ x: minute, y: rssBytes / 1e6 })));
  const diskSlope = slope(settled.map(({ minute, diskBytes }) => ({ x: minute, y: diskBytes / 1e6 })));
  const rssMax = maxOf(samples, ({ rssBytes }) => rssBytes);
  const filesMax = maxOf(samples, ({ fileCount }) => fileCount);
  const diskMax = maxOf(samples, ({ diskBytes }) => diskBytes);
  const isLong = minutes >= SLOPE_MINUTES_MIN;
  const rows: [string, string, string, boolean][] = [
    ['resident memory max', formatMegabytes(rssMax), `< ${formatMegabytes(RSS_BYTES_MAX)}`, rssMax < RSS_BYTES_MAX],
    [
      'resident memory slope, last 60 %',
      `${rssSlope.toFixed(2)} MB/min`,
      isLong ? `< ${RSS_SLOPE_MB_PER_MINUTE_MAX} MB/min` : 'not judged: too short',
      !isLong || rssSlope < RSS_SLOPE_MB_PER_MINUTE_MAX,
    ],
    ['files max', formatCount(filesMax), `< ${FILES_MAX}`, filesMax < FILES_MAX],
    ['bytes on disk max', formatMegabytes(diskMax), `< ${formatMegabytes(DISK_BYTES_MAX)}`, diskMax < DISK_BYTES_MAX],
    ['bytes on disk slope, last 60 %', `${diskSlope.toFixed(2)} MB/min`, '(no limit)', true],
    ['event-loop delay p99', formatMs(delayP99Ms), '(no limit)', true],
    ['wrong results', formatCount(load.problems.length), '0', load.problems.length === 0],
  ];
  const shown = rows.map(([name, value, limit, isMet]) => [name, value, limit, isMet ? 'met' : 'MISSED']);
  say(formatTable([['', 'found', 'limit', ''], ...shown]));
  for (const problem of load.problems) say(problem);
  return rows.every(([, , , isMet]) => isMet);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const { open } = await loadEngine();
const directory = emptyWorkDirectory('soak.db');
const options = { memtableBytes: 16 * 1024 * 1024 };
const db = await open(directory, options);
const load = new SoakLoad(db, Number(flags.seed));
const eventLoop = new EventLoopDelay();
const startMs = performance.now();
const samples: Sample[] = [];
const progress = startProgress('soak', Math.ceil(minutes * 60), 's');
eventLoop.start();
const running = load.run();
let failure: unknown;
running.catch((error: unknown) => {
  failure = error;
});
while (performance.now() - startMs < minutes * 60_000 && failure === undefined) {
  await delay(Math.min(SAMPLE_MS, minutes * 60_000));
  samples.push(takeSample(directory, startMs, load));
  progress.update(Math.floor((performance.now() - startMs) / 1000), `${formatCount(load.operationCount)} operations`);
}
load.stop();
await running;
eventLoop.stop();
progress.stop();
const delayP99Ms = eventLoop.p99Ms;
const { stalls } = db.stats();
await load.verify(db);
await db.close();
const reopened = await open(directory, options);
await load.verify(reopened);
await reopened.close();
const isGood = judge(samples, load, delayP99Ms);
const perS = formatCount(load.operationCount / (minutes * 60));
say(
  `${minutes} minutes, ${formatCount(load.operationCount)} operations (${perS}/s), ${load.conflictCount} conflicts, ` +
    `${stalls.count} stalls of together ${formatMs(stalls.totalMs)}, everything compared, and again after reopening: ${isGood ? 'PASSED' : 'FAILED'}`,
);
if (isGood) removeWorkDirectory(directory);
else say(`the database is kept in ${shownPath(directory)}`);
process.exitCode = isGood ? 0 : 1;
