/** Run with a niceness of its own: tells that of the opening thread and of all that have another once a job was done. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PiscinaRunner } from '../../src/runner/piscina-runner.js';
import { flushJob, settingsWith } from '../support/job-bench.js';

/** As the kernel schedules it; a thread that has ended meanwhile has none. */
async function nicenessOf(thread: string): Promise<number | undefined> {
  const text = await readFile(`/proc/self/task/${thread}/stat`, 'utf8').catch(() => undefined);
  // The name may have spaces in it; of the fields behind it niceness is the seventeenth.
  return text === undefined ? undefined : Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[16]);
}

const directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
const runner = new PiscinaRunner(1);
await runner.run(flushJob(3, [['a', 1, 'x']], settingsWith({ directory })));
const opening = await nicenessOf(`${process.pid}`);
const all = await Promise.all((await readdir('/proc/self/task')).map(nicenessOf));
process.stdout.write(JSON.stringify({ opening, others: all.filter((nice) => nice !== undefined && nice !== opening) }));
await runner.close();
await rm(directory, { recursive: true });
