/** One run of a workload, profiled in the best way that this machine has. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { FramePaths } from '../../src/profile/frame.js';
import type { StackProfile } from '../../src/profile/stack-profile.js';
import { mergeThreads } from '../../src/profile/thread-profiles.js';
import { say } from '../support/say.js';
import { formatMegabytes, formatTable } from '../support/text-table.js';
import { emptyWorkDirectory, removeWorkDirectory } from '../support/work-directory.js';
import type { WorkloadTask } from '../workloads/workload-result.js';
import type { FlameOptions } from './flame-options.js';
import type { FlameReport } from './flame-task.js';
import { ioTable, isWithin, stackOfCall, type TracedCall } from './io-trace.js';
import { canSample, canSeeSwitches, removeSymbolMaps, sampleProcessor, traceWaiting } from './perf-recorder.js';
import { chooseThreads } from './perf-threads.js';
import { type ChildRun, runFlameChild } from './run-child.js';
import { canTraceCalls, traceBlocking } from './strace-recorder.js';

/** A build of the engine: where its files are, and its `index.js` if it is not the one of this project. */
export interface EngineBuild {
  readonly name: string;
  readonly roots: readonly string[];
  readonly module: string | undefined;
}

export async function recordProfile(options: FlameOptions, build: EngineBuild): Promise<StackProfile> {
  const directory = emptyWorkDirectory('flame');
  try {
    const run: ChildRun = {
      task: taskOf(options, join(directory, 'db')),
      recorder: 'outside',
      directory,
      engineModule: build.module,
    };
    const paths: FramePaths = { engineRoots: build.roots, programRoot: process.cwd() };
    const recorded = await record(options, run, paths);
    const title = `${options.workload}, ${options.kind}${build.name === '' ? '' : `, ${build.name}`}`;
    return { ...recorded, title, threads: chooseThreads(recorded.threads, options.threads) };
  } finally {
    removeSymbolMaps();
    removeWorkDirectory(directory);
  }
}

function taskOf({ workload, records, valueBytes, seconds }: FlameOptions, directory: string): WorkloadTask {
  return {
    engine: 'stemedb',
    workload,
    directory,
    recordCount: records,
    valueBytes,
    durationMs: seconds * 1000,
    seed: 1,
  };
}

function record(options: FlameOptions, run: ChildRun, paths: FramePaths): Promise<StackProfile> {
  switch (options.kind) {
    case 'cpu':
      return recordProcessor(options, run, paths);
    case 'alloc':
      return recordWithV8('alloc', run, paths);
    case 'off-cpu':
      return recordWaiting(run, paths);
    case 'io':
      return recordCalls(options, run, paths);
  }
}

async function recordProcessor({ sampler }: FlameOptions, run: ChildRun, paths: FramePaths): Promise<StackProfile> {
  if (sampler === 'v8') return recordWithV8('cpu', run, paths);
  if (canSample(run.directory)) {
    const { report, threads } = await sampleProcessor(run, paths);
    return { kind: 'cpu', unit: 'us', source: 'perf', title: '', threads, operations: operationsOf(report) };
  }
  if (sampler === 'perf') throw new Error('perf cannot record here (see /proc/sys/kernel/perf_event_paranoid)');
  say("perf cannot record here: V8's own profiler shows JavaScript only");
  return recordWithV8('cpu', run, paths);
}

async function recordWithV8(kind: 'cpu' | 'alloc', run: ChildRun, paths: FramePaths): Promise<StackProfile> {
  const report = await runFlameChild({ ...run, recorder: `v8-${kind}` });
  const { programRoot, engineRoots } = paths;
  const operations = operationsOf(report);
  return mergeThreads(report.threads ?? [], { kind, title: '', programRoot, engineRoots, operations });
}

async function recordWaiting(run: ChildRun, paths: FramePaths): Promise<StackProfile> {
  const base = { kind: 'off-cpu', unit: 'us', title: '' } as const;
  if (canSeeSwitches(run.directory)) {
    const { report, threads } = await traceWaiting(run, paths);
    return { ...base, source: 'perf, at each switch of threads', threads, operations: operationsOf(report) };
  }
  if (!canTraceCalls()) throw new Error('neither perf nor strace may look at threads here: off-cpu needs one of them');
  say('perf may not see switches of threads here: strace shows system calls that block, without JavaScript');
  const { report, threads } = await traceBlocking(run);
  return { ...base, source: 'strace', threads, operations: operationsOf(report) };
}

async function recordCalls({ measure }: FlameOptions, run: ChildRun, paths: FramePaths): Promise<StackProfile> {
  const report = await runFlameChild({ ...run, recorder: 'io' });
  const callsOfThread = tracedCalls(run.directory, report);
  say(formatTable(ioTable([...callsOfThread.values()].flat(), paths)));
  const { readBytes, writtenBytes } = report.result.process;
  say(`of the process, by the kernel: ${formatMegabytes(readBytes)} read, ${formatMegabytes(writtenBytes)} written`);
  const threads = [...callsOfThread].map(([threadId, calls], i) => ({
    name: threadId === 0 ? 'opening thread' : `worker ${i}`,
    stacks: calls.map((call) => stackOfCall(call, measure, paths)),
    waitingWeight: 0,
  }));
  const unit = measure === 'time' ? 'us' : 'bytes';
  return { kind: 'io', unit, source: 'calls of node:fs', title: '', threads, operations: operationsOf(report) };
}

function tracedCalls(directory: string, { window }: FlameReport): Map<number, TracedCall[]> {
  const names = readdirSync(directory).filter((name) => /^io\.\d+\.jsonl$/.test(name));
  const threadIds = names.map((name) => Number(basename(name).split('.')[1])).sort((a, b) => a - b);
  return new Map(
    threadIds.map((threadId) => {
      const lines = readFileSync(join(directory, `io.${threadId}.jsonl`), 'utf8').split('\n');
      const calls = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as TracedCall);
      return [threadId, calls.filter((call) => isWithin(call, window))];
    }),
  );
}

function operationsOf({ result }: FlameReport): number {
  return result.figures.operations;
}
