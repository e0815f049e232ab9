import { type ChildProcess, spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** The pipe from a child to its parent. What was written to it outlives a SIGKILL: the kernel hands it over before the end. */
const REPORT_FD = 3;

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ReportingChild {
  readonly process: ChildProcess;
  /** Settles after the last report was handed out, however the child ended. */
  readonly ended: Promise<ChildEnd>;
}

export interface ChildOptions {
  readonly arguments?: readonly string[];
  readonly nodeArguments?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** Called with each whole line that the child reports; a line cut off by the child's death is dropped. */
  readonly onReport: (line: string) => void;
}

/** Starts a TypeScript or JavaScript file in a Node process of its own. */
export function startChild(file: URL, options: ChildOptions): ReportingChild {
  const { nodeArguments = [], arguments: childArguments = [], environment = {} } = options;
  const loader = file.pathname.endsWith('.ts') ? ['--import', 'tsx'] : [];
  const child = spawn(process.execPath, [...nodeArguments, ...loader, fileURLToPath(file), ...childArguments], {
    stdio: ['pipe', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, ...environment },
  });
  // The child may be dead before it reads what it is told.
  child.stdin?.on('error', ignorePipeClosed);
  forEachLine(child.stdio[REPORT_FD] as Readable, options.onReport);
  const ended = new Promise<ChildEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return { process: child, ended };
}

/** In the child: returns once the kernel holds the line, so that no later death takes it back. */
export function report(line: string): void {
  writeSync(REPORT_FD, `${line}\n`);
}

/** In the child: waits for the parent's first line on the standard input. */
export function nextInstruction(): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const onData = (chunk: string): void => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end < 0) return;
      process.stdin.off('data', onData).pause();
      resolve(text.slice(0, end));
    };
    process.stdin.setEncoding('utf8').on('data', onData);
  });
}

function forEachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}

function ignorePipeClosed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error;
}
