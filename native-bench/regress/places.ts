import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROJECT_URL } from '../support/project.js';
import { undoOnExit } from './on-exit.js';

export const PROJECT = fileURLToPath(PROJECT_URL);
const OWN = join(PROJECT, '.tmp', 'bench-regress');

/** Builds of revisions, by commit: one is made once. */
export const BUILDS = join(OWN, 'builds');
export const BASELINES = join(PROJECT, 'native-bench', 'results', 'regress');

/** What a run leaves when it is killed, found again by the number of its process. */
const RUN_DIRECTORY = /^run-(\d+)$/;

/** A directory for this process alone; it goes when the process ends, however that is. */
export function makeRunDirectory(): string {
  const directory = join(OWN, `run-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  removeLeftRunDirectories();
  undoOnExit(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function removeLeftRunDirectories(): void {
  for (const name of readdirSync(OWN)) {
    const pid = RUN_DIRECTORY.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(OWN, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
