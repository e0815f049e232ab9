import { readFileSync } from 'node:fs';
import { removeWorkDirectory } from '../support/work-directory.js';

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** On Ctrl-C or a kill: no process that writes is left behind, and nothing of what was written. */
export function endOnSignal(directory: string): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      for (const pid of descendantsOf(process.pid)) endProcess(pid);
      removeWorkDirectory(directory);
      process.exit(EXIT_CODES[signal]);
    });
  }
}

/** Children before the ones they have started; none where the kernel does not list them. */
function descendantsOf(pid: number): number[] {
  const children = childrenOf(pid);
  return [...children, ...children.flatMap(descendantsOf)];
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
