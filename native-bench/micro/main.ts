/** Micro-benchmarks of the parts that every record passes; `npx tsx native-bench/micro/main.ts [name]` runs those whose name has it. */
import { Bench } from 'tinybench';
import { formatTable } from '../support/text-table.js';
import { addChecksums } from './checksums.js';
import { addCompression } from './compression.js';
import { addHashes } from './hashes.js';

const MS_PER_TASK = 300;

const SUITES = { checksums: addChecksums, hashes: addHashes, compression: addCompression };

async function runSuite(name: string, add: (bench: Bench) => void): Promise<void> {
  const bench = new Bench({ time: MS_PER_TASK, warmupTime: 100, retainSamples: true });
  add(bench);
  await bench.run();
  const rows = bench.tasks.map((task) => [task.name, ...figuresOf(task.result)]);
  process.stdout.write(`${formatTable([[name, 'p50', 'p99', 'mean', '± %'], ...rows])}\n\n`);
}

function figuresOf(result: Bench['tasks'][number]['result']): string[] {
  if (result.state !== 'completed') return [result.state];
  const { p50, p99, mean, rme } = result.latency;
  return [...[p50, p99, mean].map(formatTime), rme.toFixed(1)];
}

/** tinybench counts in milliseconds. */
function formatTime(milliseconds: number): string {
  return milliseconds < 0.001 ? `${(milliseconds * 1e6).toFixed(0)} ns` : `${(milliseconds * 1e3).toFixed(2)} µs`;
}

const wanted = process.argv[2] ?? '';
for (const [name, add] of Object.entries(SUITES)) if (name.includes(wanted)) await runSuite(name, add);
