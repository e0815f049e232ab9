/**
 * A fault at every file operation of two lives of a database, for each way in which an operation can go wrong, on the opening
 * thread and in jobs. `--stride N` meets only every N-th operation; `--class TEXT` only classes whose name holds the text.
 * `--canary` sweeps a disk that lies about its syncs, and fails if that is not noticed.
 */
import { parseArgs } from 'node:util';
import { wholeNumber } from '../../native-bench/support/flags.js';
import { startProgress } from '../../native-bench/support/progress.js';
import { formatCount, formatTable } from '../../native-bench/support/text-table.js';
import { LyingFileSystem } from '../../src/fs/lying-file-system.js';
import type { SweepRow } from './fault-sweep.js';
import { FAULT_CLASSES, FAULT_PLACES, OUTCOMES, sweep } from './fault-sweep.js';

const SHOWN_VIOLATIONS_MAX = 10;

const { values: flags } = parseArgs({
  options: {
    stride: { type: 'string', default: '1' },
    class: { type: 'string', default: '' },
    canary: { type: 'boolean', default: false },
  },
});
const stride = wholeNumber('stride', flags.stride);
const classes = FAULT_CLASSES.filter(({ name }) => name.includes(flags.class));
if (classes.length === 0) {
  throw new Error(`--class must be a part of one of: ${FAULT_CLASSES.map(({ name }) => name).join('; ')}`);
}

async function sweepAll(): Promise<SweepRow[]> {
  const pairs = classes.flatMap((faultClass) => FAULT_PLACES.map((place) => ({ faultClass, place })));
  const rows: SweepRow[] = [];
  const progress = startProgress('faults', pairs.length, 'sweeps');
  let runCount = 0;
  for (const { faultClass, place } of pairs) {
    const onRun = (): void => progress.update(rows.length, `${++runCount} runs, ${faultClass.name}, ${place}`);
    const wrap = flags.canary
      ? { wrap: (disk: ConstructorParameters<typeof LyingFileSystem>[0]) => new LyingFileSystem(disk) }
      : {};
    rows.push(await sweep(faultClass, place, { stride, first: 1, ...wrap, onRun }));
  }
  progress.stop();
  return rows;
}

function tableOf(rows: readonly SweepRow[]): string {
  const heading = ['fault', 'place', 'operations', ...OUTCOMES, 'violations'];
  // A job has no rename, list and the like.
  const shown = rows.filter(({ hits }) => hits > 0);
  const cells = shown.map(({ faultClass, place, hits, outcomes, violations }) => [
    faultClass.name,
    place,
    formatCount(hits),
    ...OUTCOMES.map((outcome) => formatCount(outcomes[outcome])),
    formatCount(violations.length),
  ]);
  return formatTable([heading, ...cells]);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const startMs = performance.now();
const rows = await sweepAll();
const violations = rows.flatMap((row) => row.violations.map((text) => `${row.faultClass.name}, ${row.place}: ${text}`));
const hits = rows.reduce((sum, row) => sum + row.hits, 0);
say(tableOf(rows));
for (const violation of violations.slice(0, SHOWN_VIOLATIONS_MAX)) say(violation);
if (violations.length > SHOWN_VIOLATIONS_MAX) say(`… and ${violations.length - SHOWN_VIOLATIONS_MAX} more`);
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
say(
  `${formatCount(hits)} faults, each with a kill and a power loss after it, in ${seconds} s: ${violations.length} violations`,
);
const isCaught = violations.length > 0;
if (flags.canary) say(`canary, syncs that do nothing: ${isCaught ? 'caught' : 'NOT caught'}`);
process.exitCode = flags.canary === isCaught ? 0 : 1;
