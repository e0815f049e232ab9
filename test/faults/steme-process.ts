import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { systemCodeOf } from '../../src/base/errors.js';

const root = join(import.meta.dirname, '../..');
const PEAK_POLL_MS = 20;

export interface ProcessOutcome {
  /** Null if a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessSetting {
  /** Owner of the process; default: who runs the tests. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** What it may use, as `ulimit` takes it: `-n 64` for instance. */
  readonly limit?: string;
}

export interface RunSetting extends ProcessSetting {
  /** What standard input gives; default: nothing. */
  readonly input?: Iterable<Uint8Array>;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** A running process; if the test ends before it, it is killed. */
export interface SourceProcess {
  readonly child: Child;
  readonly outcome: Promise<ProcessOutcome>;
}

/** `steme`, run from its source as a process of its own. */
export function startSteme(argv: readonly string[], setting: ProcessSetting = {}): SourceProcess {
  return startSource('src/cli/main.ts', argv, setting);
}

/** A TypeScript file of this repository, by its path in it. */
export function startSource(file: string, argv: readonly string[], setting: ProcessSetting = {}): SourceProcess {
  const { limit, user } = setting;
  const node = [process.execPath, '--import', 'tsx', join(root, file), ...argv];
  const [program, ...command] =
    limit === undefined ? node : ['bash', '-c', `ulimit ${limit} && exec "$0" "$@"`, ...node];
  const child = spawn(program, command, { cwd: root, stdio: ['pipe', 'pipe', 'pipe'], ...user });
  const outcome = outcomeOf(child);
  // A process that is gone takes no more input: how it ended is the result, and no pipe that broke.
  child.stdin.on('error', (error) => {
    if (systemCodeOf(error) !== 'EPIPE') throw error;
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await outcome;
  });
  return { child, outcome };
}

/** Runs `steme` to its end. */
export async function steme(argv: readonly string[], { input, ...setting }: RunSetting = {}): Promise<ProcessOutcome> {
  const { child, outcome } = startSteme(argv, setting);
  await feed(child.stdin, input ?? []);
  return outcome;
}

/** As `steme`, and tells the most memory that the process ever had in RAM. */
export async function stemeWithPeak(
  argv: readonly string[],
  input: Iterable<Uint8Array>,
): Promise<ProcessOutcome & { readonly peakBytes: number }> {
  const { child, outcome } = startSteme(argv);
  const [peakBytes] = await Promise.all([watchPeak(child), feed(child.stdin, input)]);
  return { ...(await outcome), peakBytes };
}

/** Polls until the process ends. The kernel keeps a high-water mark, so that a late look misses only the last moments. */
async function watchPeak(child: Child): Promise<number> {
  let peakBytes = 0;
  while (child.exitCode === null && child.signalCode === null) {
    peakBytes = Math.max(peakBytes, await peakBytesOf(child.pid));
    await delay(PEAK_POLL_MS);
  }
  return peakBytes;
}

/** 0 where the process is gone. */
async function peakBytesOf(pid: number | undefined): Promise<number> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ESRCH') return 0;
    throw error;
  }
}

async function outcomeOf(child: Child): Promise<ProcessOutcome> {
  const [[exitCode], stdout, stderr] = await Promise.all([
    once(child, 'close') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { exitCode, stdout, stderr };
}

/** Gives all of `input` and the end of it. A process that does not want it, since it failed before, is none of our errors. */
async function feed(stdin: Writable, input: Iterable<Uint8Array>): Promise<void> {
  try {
    await pipeline(input, stdin);
  } catch (error) {
    if (systemCodeOf(error) !== 'EPIPE' && systemCodeOf(error) !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

/** Gives the first `untilBytes` of `bytes`, at the pace of the reader, and leaves the stream open. */
export async function feedPart(stdin: Writable, bytes: Uint8Array, untilBytes: number): Promise<void> {
  const pieceBytes = 32 * 1024;
  for (let at = 0; at < untilBytes; at += pieceBytes) {
    const piece = bytes.subarray(at, Math.min(at + pieceBytes, untilBytes));
    if (!stdin.write(piece)) await once(stdin, 'drain');
  }
}
