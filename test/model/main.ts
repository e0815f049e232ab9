/**
 * The model test at length: random operations on every odd configuration, checked against a sorted map.
 * `--seeds N` runs so many seeds on each configuration, from `--seed` on; a failure prints the command that replays it.
 */
import { parseArgs } from 'node:util';
import { wholeNumber } from '../../native-bench/support/flags.js';
import { startProgress } from '../../native-bench/support/progress.js';
import { formatCount } from '../../native-bench/support/text-table.js';
import { MODEL_CONFIGS } from './model-configs.js';
import { ModelRun } from './model-run.js';

const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    steps: { type: 'string', default: '200' },
    config: { type: 'string' },
  },
});
const seedCount = wholeNumber('seeds', flags.seeds);
const firstSeed = wholeNumber('seed', flags.seed);
const stepCount = wholeNumber('steps', flags.steps);
const configs = Object.entries(MODEL_CONFIGS).filter(([name]) => flags.config === undefined || flags.config === name);
if (configs.length === 0) throw new Error(`--config must be one of: ${Object.keys(MODEL_CONFIGS).join('; ')}`);

const startMs = performance.now();
const progress = startProgress('model', seedCount * configs.length, 'runs');
let runCount = 0;
let failureCount = 0;
for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
  for (const [name, options] of configs) {
    try {
      await new ModelRun(options, seed).run(stepCount);
    } catch (error) {
      failureCount++;
      process.stdout.write(`\nseed ${seed}, ${name}: ${error instanceof Error ? error.stack : String(error)}\n`);
      const replay = `npm run test:model -- --seeds 1 --seed ${seed} --steps ${stepCount} --config '${name}'`;
      process.stdout.write(`replay with: ${replay}\n`);
    }
    progress.update(++runCount);
  }
}
progress.stop();
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
const operations = formatCount(runCount * stepCount);
process.stdout.write(
  `${seedCount} seeds × ${configs.length} configurations, ${operations} operations in ${seconds} s: ${failureCount} failures\n`,
);
process.exitCode = failureCount === 0 ? 0 : 1;
