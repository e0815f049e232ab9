import { spawn } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import type { WorkloadTask } from '../workloads/workload-result.js';
import { type FlameReport, type FlameTask, type Recorder, TASK_VARIABLE } from './flame-task.js';

const CHILD = fileURLToPath(new URL('./flame-child.ts', import.meta.url));
const IO_PRELOAD = new URL('./io-preload.ts', import.meta.url);
/** Its threads are told from other Node processes by this name, which all of them get from the file that was started. */
export const PROCESS_NAME = 'steme-flame';
/** classic-level is measured with so many, and all engines with the same (native-bench/workloads). */
const LIBUV_THREADS = 16;

export interface ChildRun {
  readonly task: WorkloadTask;
  readonly recorder: Recorder;
  /** For what the run leaves behind. */
  readonly directory: string;
  readonly engineModule: string | undefined;
  readonly nodeArguments?: readonly string[];
  /** What the process is started by: `perf record …`. */
  readonly wrapper?: readonly string[];
}

export async function runFlameChild(run: ChildRun): Promise<FlameReport> {
  const { task, recorder, directory, engineModule, nodeArguments = [], wrapper = [] } = run;
  const reportPath = join(directory, 'report.json');
  const flameTask: FlameTask = { task, recorder, reportPath, tracePrefix: join(directory, 'io') };
  const node = join(directory, PROCESS_NAME);
  symlinkSync(process.execPath, node);
  const preloads = recorder === 'io' ? ['--import', ioPreload(directory)] : [];
  const words = [...wrapper, node, ...nodeArguments, '--import', 'tsx', ...preloads, CHILD];
  const environment = {
    ...process.env,
    UV_THREADPOOL_SIZE: String(LIBUV_THREADS),
    [TASK_VARIABLE]: JSON.stringify(flameTask),
    ...(engineModule === undefined ? {} : { STEMEDB_ENGINE: engineModule }),
  };
  await runToEnd(words, environment);
  return JSON.parse(readFileSync(reportPath, 'utf8')) as FlameReport;
}

/** Worker threads run no TypeScript: they get it as JavaScript. */
function ioPreload(directory: string): string {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  const { outputText } = ts.transpileModule(readFileSync(IO_PRELOAD, 'utf8'), { compilerOptions });
  const path = join(directory, 'io-preload.mjs');
  writeFileSync(path, outputText);
  return pathToFileURL(path).href;
}

/** Rejects where the command fails. */
export function runToEnd(words: readonly string[], environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  const [command, ...rest] = words;
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit'], env: environment });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ended with ${signal ?? `code ${code}`}`));
    });
  });
}

/** Hands out each line that a command prints; there may be gigabytes. */
export async function forEachLineOf(words: readonly string[], onLine: (line: string) => void): Promise<void> {
  const [command, ...rest] = words;
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) onLine(line);
  const code = await ended;
  if (code !== 0) throw new Error(`${command} ${rest[0]} ended with code ${code}`);
}
