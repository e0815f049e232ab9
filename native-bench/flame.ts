/** `npm run flame -- --workload NAME`: where its time, memory, waiting or disk goes, as one graph. flamegraphs/README.md says more. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { differenceSvg, profileSvg } from '../src/profile/flame-svg.js';
import { decodeProfile, encodeProfile } from '../src/profile/saved-profile.js';
import type { StackProfile } from '../src/profile/stack-profile.js';
import { FLAME_USAGE, type FlameOptions, parseFlameOptions } from './flame/flame-options.js';
import { type EngineBuild, recordProfile } from './flame/record-profile.js';
import { buildRevision } from './flame/revision-build.js';
import { noteWhatMisleads } from './support/misleading-figures.js';
import { PROJECT_URL } from './support/project.js';
import { say } from './support/say.js';
import { shownPath } from './support/work-directory.js';
import { workloadNamed } from './workloads/all-workloads.js';

const PROJECT = fileURLToPath(PROJECT_URL);
const THIS_BUILD: EngineBuild = { name: '', roots: [join(PROJECT, 'dist/')], module: undefined };

async function main(options: FlameOptions): Promise<void> {
  const { workload, kind, diff, against } = options;
  if (diff !== undefined) {
    const [before, after] = diff.map((path) => decodeProfile(readFileSync(path, 'utf8'), path));
    return write(options.out ?? graphPath('diff', after.kind), differenceSvg(before, after));
  }
  // Refuses a name that is none before anything is built.
  workloadNamed(workload);
  noteWhatMisleads();
  if (against !== undefined) return compareWith(against, options);
  const profile = await recordProfile(options, THIS_BUILD);
  write(options.out ?? graphPath(workload, kind), textOf(profile, options.out));
}

async function compareWith(revision: string, options: FlameOptions): Promise<void> {
  const build = buildRevision(revision);
  try {
    const before = await recordProfile(options, build);
    const after = await recordProfile(options, { ...THIS_BUILD, name: 'working tree' });
    write(options.out ?? graphPath(`${options.workload}-diff`, options.kind), differenceSvg(before, after));
  } finally {
    build.remove();
  }
}

function graphPath(name: string, kind: string): string {
  return join(PROJECT, 'flamegraphs', `${name}-${kind}.svg`);
}

function textOf(profile: StackProfile, out: string | undefined): string {
  return out?.endsWith('.json') ? `${JSON.stringify(encodeProfile(profile))}\n` : profileSvg(profile);
}

function write(path: string, text: string): void {
  if (text.includes(PROJECT)) throw new Error(`${shownPath(path)} would name a path of this machine`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  say(`${shownPath(path)} written`);
}

try {
  await main(parseFlameOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`flame: ${error instanceof Error ? error.message : String(error)}\n${FLAME_USAGE}\n`);
  process.exitCode = 1;
}
