import { availableParallelism, loadavg } from 'node:os';
import { say } from './say.js';
import { emptyWorkDirectory, isInMemory, removeWorkDirectory, shownPath } from './work-directory.js';

/** Notes what makes the figures of this run worth less: a busy machine, a disk of memory. Returns the load. */
export function noteWhatMisleads(): number {
  const [load] = loadavg();
  if (load > availableParallelism() / 2)
    say(`Note: the load is ${load.toFixed(1)}: figures of a busy machine mislead.`);
  const place = emptyWorkDirectory('bench-probe');
  if (isInMemory(place)) say(`Note: ${shownPath(place)} is in memory, so syncs cost nothing and the figures mislead.`);
  removeWorkDirectory(place);
  return load;
}
