/**
 * Deterministic simulation: the whole engine in one seeded world, crashed at every sync, rename and removal, and checked after each
 * crash. `--seeds N` runs so many, from `--seed` on; a failure prints the command that replays it. See docs/simulation.md.
 */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { startProgress } from '../../native-bench/support/progress.js';
import { formatCount } from '../../native-bench/support/text-table.js';
import { CANARIES, canariesOf } from './canaries.js';
import { FOCUSES, type Focus } from './draw-steps.js';
import { runCanary } from './run-canary.js';
import { shrink } from './shrink.js';
import { type SimulationFailure, simulate } from './simulate.js';

interface Flags {
  readonly seeds: number;
  readonly seed: number;
  readonly focus?: Focus;
  readonly crashPoint?: string;
  readonly canary?: string;
  readonly canaries: boolean;
  readonly shrink: boolean;
  readonly out?: string;
}

class Totals {
  seeds = 0;
  crashPoints = 0;
  sameDisks = 0;
  reopenings = 0;
  recoveryCrashes = 0;
  operations = 0;
  quarantined = 0;
  replayed = 0;
  quarantineCrashes = 0;
  violations = 0;
}

async function runSeeds(flags: Flags): Promise<boolean> {
  const totals = new Totals();
  const progress = startProgress('simulation', flags.seeds, 'seeds');
  const startMs = performance.now();
  let traceHash = '';
  for (let seed = flags.seed; seed < flags.seed + flags.seeds; seed++) {
    const { focus } = flags;
    const report = await simulate({
      seed,
      focus,
      ...(flags.crashPoint !== undefined && { crashPoint: flags.crashPoint }),
    });
    totals.seeds++;
    totals.crashPoints += report.crashPoints;
    totals.sameDisks += report.sameDisks;
    totals.reopenings += report.reopenings;
    totals.recoveryCrashes += report.recoveryCrashes;
    totals.operations += report.operations;
    totals.quarantined += report.quarantined;
    totals.replayed += report.replayed;
    totals.quarantineCrashes += report.quarantineCrashes;
    traceHash = report.traceHash;
    if (report.failure !== undefined) {
      totals.violations++;
      reportFailure(seed, focus, report.failure);
      if (flags.shrink) await reportShrunk(seed, focus, flags.out);
    }
    progress.update(totals.seeds, `${formatCount(totals.crashPoints)} crash points`);
  }
  progress.stop();
  if (flags.seeds === 1) say(`trace of seed ${flags.seed}: ${traceHash}`);
  printTotals(totals, (performance.now() - startMs) / 1000);
  return totals.violations === 0;
}

function printTotals(totals: Totals, seconds: number): void {
  say(`seeds = ${totals.seeds}`);
  say(`crash points = ${formatCount(totals.crashPoints)}`);
  say(`crash points with the disk of another = ${formatCount(totals.sameDisks)}`);
  say(`reopenings = ${formatCount(totals.reopenings)}`);
  say(`recoveries crashed = ${formatCount(totals.recoveryCrashes)}`);
  say(`operations = ${formatCount(totals.operations)}`);
  say(`quarantine: entries appended = ${formatCount(totals.quarantined)}`);
  say(`quarantine: entries replayed = ${formatCount(totals.replayed)}`);
  say(`quarantine: crash points = ${formatCount(totals.quarantineCrashes)}`);
  say(`seeds/s = ${(totals.seeds / seconds).toFixed(1)}`);
  say(`violations = ${totals.violations}`);
}

function reportFailure(
  seed: number,
  focus: Focus | undefined,
  { crashPoint, violation, moment }: SimulationFailure,
): void {
  const at = crashPoint === undefined ? '' : ` --crash-point ${crashPoint}`;
  say(`seed ${seed}${crashPoint === undefined ? '' : `, crash point ${crashPoint}`}: ${violation.message}`);
  if (moment !== undefined) say(`  the crash: ${moment}`);
  const part = focus === undefined ? '' : ` --focus ${focus}`;
  say(`  replay with: npm run test:sim --${part} --no-canaries --seeds 1 --seed ${seed}${at}`);
}

async function reportShrunk(seed: number, focus: Focus | undefined, out: string | undefined): Promise<void> {
  const shrunk = await shrink({ seed, focus });
  if (shrunk === undefined) return;
  const { steps, report } = shrunk;
  const lines = steps.map((step) => JSON.stringify(step)).join('\n');
  say(`  shrunk to ${steps.length} steps, which fail with: ${report.failure?.violation.message}\n${lines}`);
  if (out !== undefined) writeFileSync(out, `${lines}\n`);
}

async function runCanaries({ seed, focus, canary: wanted }: Flags): Promise<boolean> {
  const chosen = wanted === undefined ? canariesOf(focus) : CANARIES.filter(({ name }) => wanted === name);
  const caught: string[] = [];
  for (const canary of chosen) {
    const found = await runCanary(canary, seed);
    if (found === undefined) say(`canary ${canary.name} was NOT caught: ${canary.law}`);
    else if (!found.isReplayed) say(`canary ${canary.name}, seed ${found.seed}: does NOT replay: ${found.message}`);
    else {
      caught.push(`${canary.name}: seed ${found.seed}`);
      say(`canary ${canary.name}, seed ${found.seed}: ${found.message}`);
    }
  }
  say(`canaries caught = ${caught.length} of ${chosen.length} (${caught.join(', ')})`);
  return caught.length === chosen.length;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

async function main(flags: Flags): Promise<void> {
  const haveSeedsPassed = flags.canary !== undefined || (await runSeeds(flags));
  const mayHunt = flags.canaries && flags.crashPoint === undefined;
  const areCanariesCaught = !mayHunt || (await runCanaries(flags));
  process.exitCode = haveSeedsPassed && areCanariesCaught ? 0 : 1;
}

await new Command('test:sim')
  .description('Simulates the engine by seeds, crashes it everywhere, and checks what each crash leaves.')
  .option('--seeds <count>', 'how many seeds', wholeNumber, 200)
  .option('--seed <seed>', 'the first of them', wholeNumber, 1)
  .addOption(new Option('--focus <part>', 'what most steps are about, and the canaries').choices(FOCUSES))
  .option('--crash-point <point>', 'only this crash of a seed, and what follows from it')
  .addOption(new Option('--canary <name>', 'only this canary, no seeds').choices(CANARIES.map(({ name }) => name)))
  .option('--no-canaries', 'only seeds')
  .option('--no-shrink', 'leave the steps of a failing seed as they are')
  .option('--out <file>', 'write the shrunk steps there, one JSON a line')
  .action(main)
  .parseAsync();
