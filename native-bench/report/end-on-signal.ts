import { removeWorkDirectory } from '../support/work-directory.js';
import { descendants, endProcess } from './descendants.js';

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** On Ctrl-C or a kill: no process that writes is left behind, and nothing of what was written. */
export function endOnSignal(directory: string): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      for (const pid of descendants()) endProcess(pid);
      removeWorkDirectory(directory);
      process.exit(EXIT_CODES[signal]);
    });
  }
}
