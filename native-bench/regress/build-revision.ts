import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { say } from '../support/say.js';
import type { Build } from './builds.js';
import { commitOf, git } from './git.js';
import { haveSamePackages } from './lockfile.js';
import { undoOnExit } from './on-exit.js';
import { BUILDS, PROJECT } from './places.js';
import { runCommand } from './run-command.js';

const ENGINE_IN_BUILD = join('dist', 'src', 'index.js');

/** The build of any revision: from the cache, or made in a worktree of its own that goes again. */
export async function buildRevision(revision: string, runDirectory: string): Promise<Build> {
  const commit = await commitOf(revision);
  const short = commit.slice(0, 12);
  const directory = join(BUILDS, commit);
  if (existsSync(join(directory, ENGINE_IN_BUILD))) say(`Base ${short}: built earlier, in the cache.`);
  else await makeBuild(commit, directory, runDirectory);
  return {
    label: commit.startsWith(revision) ? short : `${revision} (${short})`,
    commit,
    isChanged: false,
    engineModule: join(directory, ENGINE_IN_BUILD),
  };
}

async function makeBuild(commit: string, directory: string, runDirectory: string): Promise<void> {
  const worktree = join(runDirectory, 'worktree');
  const removeWorktree = undoOnExit(() => {
    const quiet = { cwd: PROJECT, stdio: 'ignore' } as const;
    spawnSync('git', ['worktree', 'remove', '--force', worktree], quiet);
    rmSync(worktree, { recursive: true, force: true });
    spawnSync('git', ['worktree', 'prune'], quiet);
  });
  try {
    await git('worktree', 'add', '--detach', '--force', worktree, commit);
    const hasOwnPackages = await providePackages(worktree, commit);
    say(`Base ${commit.slice(0, 12)}: building it.`);
    await runCommand('npm', ['run', 'build', '--silent'], worktree);
    keepBuild(worktree, directory, hasOwnPackages);
  } finally {
    removeWorktree();
  }
}

/** Links the packages of this tree where they are those of the revision too. True: it was given its own. */
async function providePackages(worktree: string, commit: string): Promise<boolean> {
  const lockIn = (root: string): string => {
    const path = join(root, 'package-lock.json');
    return existsSync(path) ? readFileSync(path, 'utf8') : '{}';
  };
  if (haveSamePackages(lockIn(worktree), lockIn(PROJECT))) {
    symlinkSync(realpathSync(join(PROJECT, 'node_modules')), join(worktree, 'node_modules'), 'dir');
    return false;
  }
  say(`Base ${commit.slice(0, 12)}: it is locked to other packages than this tree, so they are installed (npm ci).`);
  await runCommand('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], worktree);
  return true;
}

/** Into the cache by one rename: a run that is killed leaves no half of a build there. */
function keepBuild(worktree: string, directory: string, hasOwnPackages: boolean): void {
  const kept = join(worktree, '.kept');
  mkdirSync(kept);
  renameSync(join(worktree, 'dist'), join(kept, 'dist'));
  cpSync(join(worktree, 'package.json'), join(kept, 'package.json'));
  if (hasOwnPackages) renameSync(join(worktree, 'node_modules'), join(kept, 'node_modules'));
  mkdirSync(BUILDS, { recursive: true });
  rmSync(directory, { recursive: true, force: true });
  renameSync(kept, directory);
}
