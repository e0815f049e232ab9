import { spawn } from 'node:child_process';
import { constants } from 'node:os';

export interface ProgramEnd {
  /** As a shell has it: of a signal, 128 and its number. */
  readonly exitCode: number;
}

export interface ProgramToRun {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

/** Runs a program to its end, with the streams of this process. Rejects when it cannot be started. */
export type RunProgram = (program: ProgramToRun, signal: AbortSignal) => Promise<ProgramEnd>;

export const runProgram: RunProgram = (program, signal) =>
  new Promise((resolve, reject) => {
    const child = spawn(program.command, program.arguments, { stdio: 'inherit', env: program.environment });
    // From a terminal, the signal has gone to both of us.
    const stop = (): void => void (process.stdin.isTTY === true || child.kill('SIGTERM'));
    signal.addEventListener('abort', stop, { once: true });
    child.once('error', reject);
    child.once('close', (code, endSignal) => {
      signal.removeEventListener('abort', stop);
      resolve({ exitCode: code ?? 128 + (endSignal === null ? 0 : constants.signals[endSignal]) });
    });
  });
