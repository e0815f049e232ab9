/**
 * The crash harness: real processes, real SIGKILLs in the middle of what they do, a database that lives through all of them, and
 * a record of acknowledgements kept outside. `--jobs` torments so many databases side by side. `--canary` breaks the laws on
 * purpose and fails if that is not noticed. `--focus quarantine` is about the quarantine, its replays and ingests.
 */
import { parseArgs } from 'node:util';
import { wholeNumber } from '../../native-bench/support/flags.js';
import { startProgress } from '../../native-bench/support/progress.js';
import { formatCount } from '../../native-bench/support/text-table.js';
import {
  emptyWorkDirectory,
  isInMemory,
  removeWorkDirectory,
  shownPath,
} from '../../native-bench/support/work-directory.js';
import { type ChainSetting, FOCUSES, isFocusName } from './crash-focus.js';

const CANARY_CYCLES_MAX = 60;
const SHOWN_PROBLEMS_MAX = 10;

const { values: flags } = parseArgs({
  options: {
    cycles: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    focus: { type: 'string', default: 'store' },
    canary: { type: 'boolean', default: false },
  },
});
if (!isFocusName(flags.focus)) throw new Error(`--focus must be one of ${Object.keys(FOCUSES).join(', ')}`);
const focusName = flags.focus;
const focus = FOCUSES[focusName];
const seed = wholeNumber('seed', flags.seed);
const cycleCount = wholeNumber('cycles', flags.cycles);
const jobCount = Math.max(1, Math.min(wholeNumber('jobs', flags.jobs), cycleCount));

/** One database and the cycles that it goes through. */
interface Chain extends ChainSetting {
  readonly cycleCount: number;
}

function planChain(job: number): Chain {
  const count = Math.floor(cycleCount / jobCount) + (job < cycleCount % jobCount ? 1 : 0);
  return { seed: seed + job, directory: emptyWorkDirectory(`crash-${focusName}-${seed + job}.db`), cycleCount: count };
}

async function runCycles(): Promise<boolean> {
  const startedAtMs = performance.now();
  const chains = Array.from({ length: jobCount }, (_, job) => planChain(job));
  if (isInMemory(chains[0].directory)) {
    say(`Note: ${shownPath(chains[0].directory)} is in memory; a killed process leaves it alone all the same.`);
  }
  const run = focus.begin();
  const { totals } = run;
  const progress = startProgress('crash', cycleCount, 'cycles');
  const onCycle = (): void => progress.update(totals.cycles, `${formatCount(totals.acknowledged)} acknowledged`);
  const outcomes = await Promise.all(chains.map((chain) => runChain(chain, run, onCycle)));
  progress.stop();
  for (const problem of totals.problems.slice(0, SHOWN_PROBLEMS_MAX)) say(problem);
  const unseen = totals.problems.length - SHOWN_PROBLEMS_MAX;
  if (unseen > 0) say(`… and ${unseen} more`);
  say(totals.killTable());
  say(totals.summary(performance.now() - startedAtMs));
  for (const outcome of outcomes) say(outcome);
  return totals.problems.length === 0;
}

/** Runs until something is wrong, here or in another chain; says how to see it again. */
async function runChain(chain: Chain, run: ReturnType<typeof focus.begin>, onCycle: () => void): Promise<string> {
  const { totals } = run;
  const cycles = await run.start(chain);
  let cycle = 0;
  let hasFailed = false;
  for (; cycle < chain.cycleCount && totals.problems.length === 0; cycle++) {
    const name = `seed ${chain.seed}, cycle ${cycle}`;
    const problemsBefore = totals.problems.length;
    try {
      await cycles.run(cycle, name);
    } catch (error) {
      totals.problems.push(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
    }
    hasFailed = totals.problems.length > problemsBefore;
    onCycle();
  }
  const replay = `npm run test:crash -- --focus ${focusName} --seed ${chain.seed} --cycles ${cycle} --jobs 1`;
  await cycles.stop();
  if (hasFailed) return `FAILED: the database is kept in ${shownPath(chain.directory)}; again with ${replay}`;
  removeWorkDirectory(chain.directory);
  return `again with ${replay}`;
}

/** Whether the harness notices this way of breaking the laws. */
async function isCaught(sabotage: string): Promise<boolean> {
  const directory = emptyWorkDirectory(`crash-canary-${sabotage}.db`);
  const { totals, start } = focus.begin();
  const cycles = await start({ directory, seed, sabotage });
  try {
    for (let cycle = 0; cycle < CANARY_CYCLES_MAX; cycle++) {
      await cycles.run(cycle, `cycle ${cycle}`);
      if (totals.findings[focus.findingOf[sabotage]] === 0) continue;
      say(`canary ${sabotage}: caught in cycle ${cycle} (${totals.shownFindings()})`);
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
  for (const sabotage of Object.keys(focus.findingOf)) areAllCaught = (await isCaught(sabotage)) && areAllCaught;
  return areAllCaught;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const hasPassed = await (flags.canary ? runCanaries() : runCycles());
process.exitCode = hasPassed ? 0 : 1;
