/**
 * The corruption sweep: every file of databases of many shapes is damaged in every way, and whatever is then asked must be answered
 * right or refused with a typed error. `--every-bit` leaves nothing out; without it a seeded sample is taken.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { startProgress } from '../../native-bench/support/progress.js';
import { formatCount, formatTable } from '../../native-bench/support/text-table.js';
import { Prng } from '../../src/base/prng.js';
import { describeHarm } from '../support/damage-plan.js';
import { isForgedValueSilent } from './canary.js';
import { SHAPES, type ShapeName } from './known-database.js';
import { sweepQuarantine } from './quarantine-sweep.js';
import { casesOf, runSweep, SweepReport } from './sweep.js';
import { Watchdog } from './watchdog.js';

const SHOWN_FAILURES_MAX = 20;
/** No case takes more than some tens of milliseconds; one that blocks the thread so long never ends. */
const DEADLINE_MS = 60_000;
/** Of the files of a quarantine so many bytes are left out between two flips. */
const QUARANTINE_STEP_BYTES = 97;

const names = Object.keys(SHAPES) as ShapeName[];
const flags = new Command('test:corruption')
  .option('--every-bit', 'flip every bit and cut everywhere; hours', false)
  .option('--seed <number>', 'of the sample', wholeNumber, 1)
  .option('--samples <number>', 'harms of each sort for each part of a file', wholeNumber, 12)
  .addOption(new Option('--shape <name>', 'only this database').choices(names))
  .parse()
  .opts<{ everyBit: boolean; seed: number; samples: number; shape?: ShapeName }>();

const startMs = performance.now();
const report = new SweepReport();
const watchdog = new Watchdog(DEADLINE_MS);
for (const shape of names.filter((name) => flags.shape === undefined || name === flags.shape)) {
  const cases = await casesOf(shape, flags, new Prng(flags.seed));
  const progress = startProgress(shape, cases.length, 'harms');
  let done = 0;
  await runSweep(cases, report, ({ known, harm, readMode }) => {
    watchdog.begin(`${known.name}, ${readMode}, ${describeHarm(harm)}`);
    progress.update(++done);
  });
  progress.stop();
}
const stepBytes = flags.everyBit ? 1 : QUARANTINE_STEP_BYTES;
const quarantine = await sweepQuarantine(stepBytes, (harm) => watchdog.begin(`a quarantine, ${describeHarm(harm)}`));
await watchdog.stop();

const isCanaryCaught = await isForgedValueSilent();
say(formatTable(report.table()));
for (const [kind, count] of report.placeless) say(`names no place, ${count} times: ${kind}`);
const failures = [...report.failures, ...quarantine.failures];
for (const failure of failures.slice(0, SHOWN_FAILURES_MAX)) say(failure);
const counts = (['silent', 'untyped', 'hang', 'memory'] as const).map((kind) => `${kind} = ${report.count(kind)}`);
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
say(`${formatCount(report.caseCount)} harms in ${seconds} s: ${counts.join(', ')}`);
const outcomes = [...quarantine.outcomes].map(([outcome, count]) => `${outcome} ${formatCount(count)}`);
say(`harms to a quarantine: ${outcomes.join(', ')}; wrong = ${quarantine.failures.length}`);
say(`canary, a value forged with its checksum: ${isCanaryCaught ? 'called silent' : 'NOT NOTICED'}`);
if (failures.length > 0) say(`FAILED: replay with --seed ${flags.seed} --samples ${flags.samples}`);
process.exitCode = failures.length === 0 && isCanaryCaught ? 0 : 1;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('it must be a whole number.');
  return Number(text);
}
