/**
 * In every thread of a profiled process, before anything else: each call of `node:fs` on a file of the database is written down with
 * the JavaScript that made it, how long it took and how many bytes it moved. What mapped memory reads is no call, and not seen.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { threadId } from 'node:worker_threads';
import type { FlameTask, TASK_VARIABLE } from './flame-task.js';
import type { TracedCall, TracedFrame } from './io-trace.js';

type AnyFunction = (...args: unknown[]) => unknown;

const STACK_FRAMES_MAX = 64;
const BY_DESCRIPTOR = ['read', 'write', 'fdatasync', 'fsync', 'ftruncate'];

class CallTracer {
  readonly #tracePath: string;
  readonly #directory: string;
  readonly #functions = fs as unknown as Record<string, AnyFunction>;
  readonly #openSync = fs.openSync;
  readonly #writeSync = fs.writeSync;
  readonly #pathOfDescriptor = new Map<unknown, string>();
  #traceDescriptor: number | undefined;

  constructor({ tracePrefix, task }: FlameTask) {
    this.#tracePath = `${tracePrefix}.${threadId}.jsonl`;
    this.#directory = task.directory;
  }

  start(): void {
    for (const name of ['open', ...BY_DESCRIPTOR]) {
      this.#wrapSync(name, this.#functions[`${name}Sync`]);
      this.#wrap(name, this.#functions[name]);
    }
    syncBuiltinESMExports();
  }

  #wrapSync(name: string, original: AnyFunction): void {
    this.#functions[`${name}Sync`] = (...args) => {
      const path = this.#pathOf(name, args[0]);
      if (path === undefined) return original(...args);
      const frames = callersFrames();
      const startNs = process.hrtime.bigint();
      const result = original(...args);
      this.#note(name, path, startNs, result, frames);
      return result;
    };
  }

  #wrap(name: string, original: AnyFunction): void {
    this.#functions[name] = (...args) => {
      const path = this.#pathOf(name, args[0]);
      const callback = args.at(-1);
      if (path === undefined || typeof callback !== 'function') return original(...args);
      const frames = callersFrames();
      const startNs = process.hrtime.bigint();
      const done = (error: unknown, result: unknown, ...rest: unknown[]): void => {
        this.#note(name, path, startNs, error === null ? result : undefined, frames);
        callback(error, result, ...rest);
      };
      return original(...args.slice(0, -1), done);
    };
  }

  #pathOf(name: string, first: unknown): string | undefined {
    const path = name === 'open' ? first : this.#pathOfDescriptor.get(first);
    return typeof path === 'string' && path.startsWith(this.#directory) ? path : undefined;
  }

  #note(operation: string, path: string, startNs: bigint, result: unknown, frames: readonly TracedFrame[]): void {
    const us = Number(process.hrtime.bigint() - startNs) / 1000;
    if (operation === 'open') this.#pathOfDescriptor.set(result, path);
    const bytes = (operation === 'read' || operation === 'write') && typeof result === 'number' ? result : 0;
    const name = path.slice(path.lastIndexOf('/') + 1);
    const call: TracedCall = { operation, name, atNs: Number(startNs), us, bytes, frames };
    // At once: a worker that is terminated says no goodbye.
    this.#traceDescriptor ??= this.#openSync(this.#tracePath, 'a');
    this.#writeSync(this.#traceDescriptor, `${JSON.stringify(call)}\n`);
  }
}

/** From the innermost on. */
function callersFrames(): TracedFrame[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = STACK_FRAMES_MAX;
  Error.prepareStackTrace = (_error, sites) => sites;
  const holder: { stack?: NodeJS.CallSite[] } = {};
  Error.captureStackTrace(holder, callersFrames);
  const sites = holder.stack ?? [];
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  // The first is the function in the place of that of `node:fs`.
  return sites
    .slice(1)
    .map((site) => [site.getFunctionName() ?? '', site.getFileName() ?? '', site.getLineNumber() ?? 0]);
}

/** Only types are imported here: workers load what this is transpiled to. */
const VARIABLE: typeof TASK_VARIABLE = 'STEMEDB_FLAME_TASK';

const text = process.env[VARIABLE];
const flameTask = text === undefined ? undefined : (JSON.parse(text) as FlameTask);
if (flameTask?.recorder === 'io') new CallTracer(flameTask).start();
