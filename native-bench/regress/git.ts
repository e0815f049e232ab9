import { PROJECT } from './places.js';
import { runCommand } from './run-command.js';

/** What the build is made of: other changes in the tree do not make it another build. */
const BUILT_FROM = ['src', 'workers', 'package.json', 'package-lock.json', 'tsconfig.json'];

export function git(...arguments_: readonly string[]): Promise<string> {
  return runCommand('git', arguments_, PROJECT);
}

/** The full name of the commit that a revision names. */
export async function commitOf(revision: string): Promise<string> {
  try {
    return await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`);
  } catch (cause) {
    throw new Error(`no commit "${revision}" in this repository (in a shallow clone, fetch it first)`, { cause });
  }
}

export interface TreeState {
  /** Undefined outside of a repository. */
  readonly commit: string | undefined;
  /** Files of the build that are not as in that commit. */
  readonly changed: readonly string[];
}

export async function workingTree(): Promise<TreeState> {
  try {
    const commit = await git('rev-parse', 'HEAD');
    const status = await git('status', '--porcelain', '--', ...BUILT_FROM);
    return { commit, changed: status.split('\n').filter((line) => line !== '') };
  } catch {
    return { commit: undefined, changed: [] };
  }
}
