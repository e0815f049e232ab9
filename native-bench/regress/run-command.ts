import { type ChildProcess, spawn } from 'node:child_process';
import { undoOnExit } from './on-exit.js';

/** What is shown of the output of a command that failed. */
const SHOWN_LINES = 15;

/** Runs a command without a shell and returns what it printed; throws with the end of that where it failed. */
export async function runCommand(command: string, arguments_: readonly string[], directory: string): Promise<string> {
  // A group of its own: what it starts in turn must end with it, or it would go on writing where we clear away.
  const child = spawn(command, arguments_, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const stop = undoOnExit(() => stopGroup(child));
  let stdout = '';
  let all = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    all += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    all += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  stop();
  if (code === 0) return stdout.trim();
  const end = all.trim().split('\n').slice(-SHOWN_LINES).join('\n');
  throw new Error(`"${[command, ...arguments_].join(' ')}" ended with code ${code}:\n${end}`);
}

function stopGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended since.
  }
}
