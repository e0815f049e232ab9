import { availableParallelism, loadavg } from 'node:os';
import { say } from './say.js';
import { emptyWorkDirectory, isInMemory, removeWorkDirectory, shownPath } from './work-directory.js';

export interface Misleading {
  readonly load: number;
  /** What makes the figures of this run worth less: a busy machine, a disk of memory. */
  readonly notes: readonly string[];
}

export function whatMisleads(): Misleading {
  const [load] = loadavg();
  const notes: string[] = [];
  if (load > availableParallelism() / 2)
    notes.push(`the load is ${load.toFixed(1)}: figures of a busy machine mislead.`);
  const place = emptyWorkDirectory('bench-probe');
  if (isInMemory(place)) notes.push(`${shownPath(place)} is in memory, so syncs cost nothing and the figures mislead.`);
  removeWorkDirectory(place);
  return { load, notes };
}

/** Says it, and returns the load. */
export function noteWhatMisleads(): number {
  const { load, notes } = whatMisleads();
  for (const note of notes) say(`Note: ${note}`);
  return load;
}
