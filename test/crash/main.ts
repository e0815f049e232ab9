/**
 * The crash harness: real processes, real SIGKILLs, one database that lives through all of them, and a record of
 * acknowledgements kept outside. `--canary` breaks the laws on purpose and fails if that is not noticed.
 */
import { parseArgs } from 'node:util';
import { wholeNumber } from '../../native-bench/support/flags.js';
import { startProgress } from '../../native-bench/support/progress.js';
import { formatCount, formatMs } from '../../native-bench/support/text-table.js';
import {
  emptyWorkDirectory,
  isInMemory,
  removeWorkDirectory,
  shownPath,
} from '../../native-bench/support/work-directory.js';
import { CrashCycles, type CycleResult } from './crash-cycle.js';
import { SABOTAGE_FINDING, SABOTAGES, type Sabotage } from './crash-protocol.js';

const CANARY_CYCLES_MAX = 40;
const SHOWN_PROBLEMS_MAX = 10;

const { values: flags } = parseArgs({
  options: {
    cycles: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    canary: { type: 'boolean', default: false },
  },
});
const seed = wholeNumber('seed', flags.seed);
const cycleCount = wholeNumber('cycles', flags.cycles);

class Totals {
  readonly problems: string[] = [];
  cycles = 0;
  kills = 0;
  killsDuringOpen = 0;
  acknowledged = 0;
  lost = 0;
  invented = 0;
  torn = 0;
  gaps = 0;
  recoveryMsMax = 0;

  add(cycle: number, result: CycleResult): void {
    const { verdict } = result;
    this.cycles++;
    this.kills += result.kills;
    this.killsDuringOpen += result.killsDuringOpen;
    this.acknowledged += result.acknowledged;
    this.lost += verdict.lost.length;
    this.invented += verdict.invented.length;
    this.torn += verdict.torn.length;
    this.gaps += verdict.gaps.length;
    this.recoveryMsMax = Math.max(this.recoveryMsMax, result.recoveryMs);
    for (const [kind, sentences] of Object.entries(verdict) as [string, string[]][]) {
      this.problems.push(...sentences.map((sentence) => `cycle ${cycle}, ${kind}: ${sentence}`));
    }
    this.problems.push(...result.problems);
  }

  toString(): string {
    const { lost, invented, torn, gaps } = this;
    const kills = `${this.kills} kills (${this.killsDuringOpen} during open)`;
    const findings = `lost ${lost}, invented ${invented}, torn batches ${torn}, gaps ${gaps}`;
    const recovery = `recovery max ${formatMs(this.recoveryMsMax)}`;
    return `${this.cycles} cycles, ${kills}, ${formatCount(this.acknowledged)} acknowledged operations: ${findings}, ${recovery}`;
  }
}

async function runCycles(): Promise<boolean> {
  const directory = emptyWorkDirectory(`crash-${seed}.db`);
  if (isInMemory(directory))
    say(`Note: ${shownPath(directory)} is in memory; a killed process leaves it alone all the same.`);
  const totals = new Totals();
  const progress = startProgress('crash', cycleCount, 'cycles');
  const cycles = await CrashCycles.start(directory, seed);
  try {
    while (totals.cycles < cycleCount && totals.problems.length === 0) {
      totals.add(totals.cycles, await cycles.run(totals.cycles));
      progress.update(totals.cycles, `${formatCount(totals.acknowledged)} acknowledged`);
    }
  } catch (error) {
    totals.problems.push(`cycle ${totals.cycles}: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    progress.stop();
    await cycles.stop();
  }
  return conclude(totals, directory);
}

function conclude(totals: Totals, directory: string): boolean {
  const hasPassed = totals.problems.length === 0;
  for (const problem of totals.problems.slice(0, SHOWN_PROBLEMS_MAX)) say(problem);
  const unseen = totals.problems.length - SHOWN_PROBLEMS_MAX;
  if (unseen > 0) say(`… and ${unseen} more`);
  say(`${totals}; replay with --seed ${seed} --cycles ${totals.cycles}`);
  if (hasPassed) removeWorkDirectory(directory);
  else say(`FAILED: the database is kept in ${shownPath(directory)}`);
  return hasPassed;
}

/** Whether the harness notices this way of breaking the laws. */
async function isCaught(sabotage: Sabotage): Promise<boolean> {
  const directory = emptyWorkDirectory(`crash-canary-${sabotage}.db`);
  const cycles = await CrashCycles.start(directory, seed, sabotage);
  try {
    for (let cycle = 0; cycle < CANARY_CYCLES_MAX; cycle++) {
      const { verdict } = await cycles.run(cycle);
      if (verdict[SABOTAGE_FINDING[sabotage]].length === 0) continue;
      const { lost, invented, torn, gaps } = verdict;
      const findings = `lost ${lost.length}, invented ${invented.length}, torn ${torn.length}, gaps ${gaps.length}`;
      say(`canary ${sabotage}: caught in cycle ${cycle} (${findings})`);
      return true;
    }
  } finally {
    await cycles.stop();
    removeWorkDirectory(directory);
  }
  say(`canary ${sabotage}: NOT caught in ${CANARY_CYCLES_MAX} cycles`);
  return false;
}

async function runCanaries(): Promise<boolean> {
  let areAllCaught = true;
  for (const sabotage of SABOTAGES) areAllCaught = (await isCaught(sabotage)) && areAllCaught;
  return areAllCaught;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const hasPassed = await (flags.canary ? runCanaries() : runCycles());
process.exitCode = hasPassed ? 0 : 1;
