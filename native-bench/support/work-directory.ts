import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROJECT_URL } from './project.js';

const PROJECT = fileURLToPath(PROJECT_URL);
const TMPFS_MAGIC = 0x01021994;

/** An empty directory below the project's `.tmp/`, on the disk that holds the project. */
export function emptyWorkDirectory(name: string): string {
  const directory = join(PROJECT, '.tmp', name);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  return directory;
}

export function removeWorkDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** A sync on tmpfs costs nothing: figures and kills mean little there. */
export function isInMemory(directory: string): boolean {
  return statfsSync(directory).type === TMPFS_MAGIC;
}

/** The directory as the user would type it. */
export function shownPath(directory: string): string {
  return relative(process.cwd(), directory) || '.';
}
