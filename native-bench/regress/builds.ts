import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { shownPath } from '../support/work-directory.js';
import { workingTree } from './git.js';
import { PROJECT } from './places.js';

/** A build of the engine that can be measured. */
export interface Build {
  /** As people name it: `HEAD~1 (1a2b3c4d5e6f)`. */
  readonly label: string;
  /** Undefined where nobody knows, as of a directory that was handed in. */
  readonly commit: string | undefined;
  /** Files of the build differ from the commit. */
  readonly isChanged: boolean;
  /** Its `index.js`. */
  readonly engineModule: string;
}

/** A copy, so that another `npm run build` meanwhile cannot pull the code away, and both sides lie at like places. */
export async function copyWorkingTreeBuild(runDirectory: string, name: string): Promise<Build> {
  const built = join(PROJECT, 'dist');
  if (!existsSync(join(built, 'src', 'index.js'))) throw new Error('there is no build: run "npm run build" first');
  const directory = join(runDirectory, name);
  mkdirSync(directory, { recursive: true });
  cpSync(built, join(directory, 'dist'), { recursive: true });
  cpSync(join(PROJECT, 'package.json'), join(directory, 'package.json'));
  const { commit, changed } = await workingTree();
  return {
    label: changed.length > 0 ? 'working tree, changed' : 'working tree',
    commit,
    isChanged: changed.length > 0,
    engineModule: join(directory, 'dist', 'src', 'index.js'),
  };
}

/** Another checkout, its `dist`, or the directory of `index.js` itself. */
export function buildIn(directory: string): Build {
  const candidates = ['dist/src/index.js', 'src/index.js', 'index.js'].map((path) => resolve(directory, path));
  const engineModule = candidates.find((path) => existsSync(path));
  if (engineModule === undefined) {
    throw new Error(`no build in ${directory}: it holds none of dist/src/index.js, src/index.js, index.js`);
  }
  return { label: shownPath(resolve(directory)), commit: undefined, isChanged: false, engineModule };
}

/** The same build behind a module that makes each stretch of time take so much longer, for the canary. */
export function slowBuild(build: Build, runDirectory: string, percent: number): Build {
  const engineModule = join(runDirectory, 'slowed', 'index.js');
  mkdirSync(join(runDirectory, 'slowed'), { recursive: true });
  const engine = JSON.stringify(pathToFileURL(build.engineModule).href);
  const slowing = JSON.stringify(new URL('./slowed-engine.ts', import.meta.url).href);
  const lines = [
    `import { open as openFast } from ${engine};`,
    `import { slowedOpen } from ${slowing};`,
    `export * from ${engine};`,
    `export const open = slowedOpen(openFast, ${percent / 100});`,
  ];
  writeFileSync(engineModule, `${lines.join('\n')}\n`);
  return { ...build, label: `${build.label}, slowed by ${percent} % on purpose`, isChanged: true, engineModule };
}
