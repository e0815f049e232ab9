/** Linux perf: all threads of a process, their native code and the kernel. */
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FramePaths } from '../../src/profile/frame.js';
import type { ThreadStacks, WeightedStack } from '../../src/profile/stack-profile.js';
import type { FlameReport } from './flame-task.js';
import { type PerfEvent, PerfScriptReader } from './perf-script.js';
import { nameThreads } from './perf-threads.js';
import { type ChildRun, forEachLineOf, PROCESS_NAME, runFlameChild } from './run-child.js';
import { WaitingTimes } from './waiting-times.js';

const SAMPLES_PER_S = 999;
const SWITCHES = ['-a', '-e', 'sched:sched_switch'];
const OF_PROCESS = ['--filter', `prev_comm=="${PROCESS_NAME}" || next_comm=="${PROCESS_NAME}"`];
/** The clock of `process.hrtime`. */
const CLOCK = ['-k', 'mono'];
const FIELDS = 'comm,pid,tid,time,event,trace,ip,sym,dso';

export interface PerfProfile {
  readonly report: FlameReport;
  readonly threads: readonly ThreadStacks[];
}

/** Whether this kernel lets this user record, by trying. */
export function canSample(directory: string): boolean {
  return canRecord(directory, ['-e', 'cpu-clock']);
}

export function canSeeSwitches(directory: string): boolean {
  return canRecord(directory, [...SWITCHES, ...OF_PROCESS]);
}

function canRecord(directory: string, events: readonly string[]): boolean {
  const data = join(directory, 'probe.data');
  const { status } = spawnSync('perf', ['record', '-q', ...CLOCK, ...events, '-o', data, '--', 'true'], {
    stdio: 'ignore',
  });
  rmSync(data, { force: true });
  return status === 0;
}

export async function sampleProcessor(run: ChildRun, paths: FramePaths): Promise<PerfProfile> {
  const { report, data } = await record(run, ['-e', 'cpu-clock', '-F', String(SAMPLES_PER_S), '-g']);
  const { startNs, endNs } = report.window;
  const stacksOfThread = new Map<number, WeightedStack[]>();
  await forEachEvent(data, paths, ({ processId, threadId, atNs, frames }) => {
    if (processId !== report.processId || atNs < startNs || atNs > endNs) return;
    const stack = { frames, weight: 1e6 / SAMPLES_PER_S };
    const stacks = stacksOfThread.get(threadId);
    if (stacks === undefined) stacksOfThread.set(threadId, [stack]);
    else stacks.push(stack);
  });
  return { report, threads: nameThreads(stacksOfThread, report.processId) };
}

export async function traceWaiting(run: ChildRun, paths: FramePaths): Promise<PerfProfile> {
  const { report, data } = await record(run, [...SWITCHES, ...OF_PROCESS, '-g']);
  const threadIds = new Set<number>();
  await forEachEvent(data, paths, ({ processId, threadId }) => {
    if (processId === report.processId) threadIds.add(threadId);
  });
  const waiting = new WaitingTimes(report.window, (threadId) => threadIds.has(threadId));
  await forEachEvent(data, paths, (event) => waiting.add(event));
  waiting.finish();
  return { report, threads: nameThreads(waiting.stacksOfThread, report.processId) };
}

async function record(run: ChildRun, events: readonly string[]): Promise<{ report: FlameReport; data: string }> {
  const data = join(run.directory, 'perf.data');
  const mapsBefore = new Set(symbolMaps());
  // V8 also writes a log of its own, one a thread and into the working directory unless it is told otherwise.
  const log = ['--no-logfile-per-isolate', `--logfile=${join(run.directory, 'v8.log')}`];
  const report = await runFlameChild({
    ...run,
    nodeArguments: ['--perf-basic-prof', '--interpreted-frames-native-stack', ...log],
    wrapper: ['perf', 'record', '-q', ...CLOCK, ...events, '-o', data, '--'],
  });
  madeMaps.push(...symbolMaps().filter((map) => !mapsBefore.has(map)));
  return { report, data };
}

/** V8 leaves its symbol maps to whoever profiles, one for each process. */
const madeMaps: string[] = [];

export function removeSymbolMaps(): void {
  for (const map of madeMaps.splice(0)) rmSync(map, { force: true });
}

function symbolMaps(): string[] {
  const names = readdirSync(tmpdir()).filter((name) => /^perf-\d+\.map$/.test(name));
  return names.map((name) => join(tmpdir(), name));
}

async function forEachEvent(data: string, paths: FramePaths, onEvent: (event: PerfEvent) => void): Promise<void> {
  const reader = new PerfScriptReader(paths, onEvent);
  await forEachLineOf(['perf', 'script', '-i', data, '--ns', '-F', FIELDS], (line) => reader.addLine(line));
  reader.finish();
}
