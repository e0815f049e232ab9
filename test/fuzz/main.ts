/**
 * The fuzz tests at length: `--runs N` runs of every property instead of the few of `npm test`, from `--seed S` on. A failure
 * prints the smallest input that fast-check finds, and the seed is all that is needed to see it again.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { wholeNumber } from '../../native-bench/support/flags.js';

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '5000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
const runs = wholeNumber('runs', flags.runs);
const seed = wholeNumber('seed', flags.seed);
process.stdout.write(`${runs} runs of each property; again with: npm run test:fuzz -- --runs ${runs} --seed ${seed}\n`);
const environment = { ...process.env, STEME_FUZZ_RUNS: String(runs), STEME_FUZZ_SEED: String(seed) };
// A property of the table takes about a millisecond a run.
const vitest = ['vitest', 'run', 'fuzz.test', `--testTimeout=${60_000 + runs * 50}`];
const { status } = spawnSync('npx', vitest, { stdio: 'inherit', env: environment });
process.exitCode = status ?? 1;
