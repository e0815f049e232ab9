/** Another revision of this project, built in a temporary worktree. */
import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROJECT_URL } from '../support/project.js';
import { emptyWorkDirectory, removeWorkDirectory } from '../support/work-directory.js';
import type { EngineBuild } from './record-profile.js';

const PROJECT = fileURLToPath(PROJECT_URL);

export interface RevisionBuild extends EngineBuild {
  remove(): void;
}

/** Throws one line for a revision that git does not know, or that does not build. */
export function buildRevision(revision: string): RevisionBuild {
  const commit = commitOf(revision);
  const directory = emptyWorkDirectory('flame-revision');
  removeWorkDirectory(directory);
  git('worktree', 'add', '--detach', '--force', directory, commit);
  const remove = (): void => {
    git('worktree', 'remove', '--force', directory);
    git('worktree', 'prune');
  };
  try {
    symlinkSync(join(PROJECT, 'node_modules'), join(directory, 'node_modules'));
    execFileSync(join(PROJECT, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.json'], { cwd: directory, stdio: 'pipe' });
  } catch (cause) {
    remove();
    throw new Error(`${revision} does not build with the packages of this checkout`, { cause });
  }
  const module = join(directory, 'dist/src/index.js');
  if (!existsSync(module)) throw new Error(`${revision} has no dist/src/index.js when it is built`);
  return { name: commit.slice(0, 7), roots: [`${join(directory, 'dist')}/`], module, remove };
}

function commitOf(revision: string): string {
  try {
    return git('rev-parse', '--verify', '--quiet', `${revision}^{commit}`);
  } catch {
    throw new Error(`git knows no revision "${revision}"`);
  }
}

function git(...args: readonly string[]): string {
  return execFileSync('git', ['-C', PROJECT, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}
