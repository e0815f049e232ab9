import { setTimeout as sleep } from 'node:timers/promises';
import { formatShare, formatWeight } from '../../profile/flame-text.js';
import { foldProfile, phaseShares } from '../../profile/flame-tree.js';
import { type StackProfile, totalWeight } from '../../profile/stack-profile.js';
import { mergeThreads } from '../../profile/thread-profiles.js';
import type { CliEnvironment } from '../cli-environment.js';
import { EXIT_FAILURE, EXIT_OK } from '../exit-codes.js';
import { UsageError } from '../usage-error.js';
import { checkOutputPath, readProfile, readText, writeDifference, writeProfile } from './profile-files.js';
import { donePathOf, type ProfileTask, type RawProfile, TASK_VARIABLE } from './profile-task.js';

export interface ProfileFlags {
  readonly out?: string;
  readonly seconds?: number;
  readonly kind: 'cpu' | 'alloc';
  readonly diff?: readonly string[];
  readonly json?: boolean;
}

const POLL_MS = 100;
const PHASES_SHOWN = 5;
const isSourceTree = import.meta.url.endsWith('.ts');
const PRELOAD_URL = new URL(`./preload.${isSourceTree ? 'ts' : 'js'}`, import.meta.url);

/** `steme profile`. Standard output belongs to the program; what is said of the profile goes to standard error. */
export async function profileCommand(
  program: readonly string[],
  flags: ProfileFlags,
  environment: CliEnvironment,
): Promise<number> {
  if (flags.diff !== undefined) return compareCommand(flags.diff, program, flags, environment);
  if (program.length === 0) {
    throw new UsageError('there is no program to profile', 'steme profile -- node app.js');
  }
  const out = flags.out ?? `profile-${flags.kind}.svg`;
  checkOutputPath(out);
  const { fileSystem } = environment;
  const rawPath = `${out}.${process.pid}.tmp`;
  const ended = new AbortController();
  try {
    const taken = takeWhenThere(rawPath, out, program, flags, environment, ended.signal);
    const exitCode = await run(program, { kind: flags.kind, seconds: flags.seconds, rawPath }, environment).finally(
      () => ended.abort(),
    );
    if (await taken) return exitCode;
    environment.stderr.write('steme: the program left no profile: is it a Node program, and did it end by itself?\n');
    return exitCode === EXIT_OK ? EXIT_FAILURE : exitCode;
  } finally {
    await fileSystem.remove(rawPath);
    await fileSystem.remove(donePathOf(rawPath));
  }
}

async function run(program: readonly string[], task: ProfileTask, environment: CliEnvironment): Promise<number> {
  const [command, ...rest] = program;
  const nodeOptions = process.env.NODE_OPTIONS;
  const imports = [...(isSourceTree ? ['tsx'] : []), PRELOAD_URL.href].map((module) => `--import=${module}`);
  const variables = {
    NODE_OPTIONS: [nodeOptions ?? '', ...imports].join(' ').trim(),
    [TASK_VARIABLE]: JSON.stringify({ ...task, nodeOptions }),
  };
  const toRun = { command, arguments: rest, environment: { ...process.env, ...variables } };
  const { exitCode } = await environment.runProgram(toRun, environment.signal);
  return exitCode;
}

/** Makes the graph as soon as the profile is there, which may be long before the program ends. False: there is none at its end. */
async function takeWhenThere(
  rawPath: string,
  out: string,
  program: readonly string[],
  flags: ProfileFlags,
  environment: CliEnvironment,
  ended: AbortSignal,
): Promise<boolean> {
  const { fileSystem } = environment;
  for (;;) {
    const isLast = ended.aborted;
    if (await fileSystem.exists(donePathOf(rawPath))) break;
    if (isLast) return false;
    await sleep(POLL_MS, undefined, { signal: ended }).catch(() => undefined);
  }
  const { threads } = JSON.parse(await readText(fileSystem, rawPath)) as RawProfile;
  const title = titleOf(program);
  const profile = mergeThreads(threads, { kind: flags.kind, title, programRoot: process.cwd() });
  await writeProfile(fileSystem, out, profile);
  environment.stderr.write(flags.json === true ? `${JSON.stringify(summaryOf(out, profile))}\n` : textOf(out, profile));
  return true;
}

/** The command without the paths of this machine. */
function titleOf(program: readonly string[]): string {
  return program.map((word) => word.slice(word.lastIndexOf('/') + 1)).join(' ');
}

function summaryOf(out: string, profile: StackProfile): object {
  const phases = phaseShares(foldProfile(profile)).map(({ phase, weight }) => ({ phase, weight }));
  const threads = profile.threads.map(({ name }) => name);
  return { file: out, kind: profile.kind, unit: profile.unit, total: totalWeight(profile), threads, phases };
}

function textOf(out: string, profile: StackProfile): string {
  const total = totalWeight(profile);
  const shares = phaseShares(foldProfile(profile)).slice(0, PHASES_SHOWN);
  const phases = shares.map(({ phase, weight }) => `${phase} ${formatShare(weight, total)}`).join(', ');
  const { threads, unit } = profile;
  return `steme: ${out} written: ${formatWeight(total, unit)} in ${threads.length} threads: ${phases}\n`;
}

async function compareCommand(
  diff: readonly string[],
  program: readonly string[],
  flags: ProfileFlags,
  { fileSystem, stderr }: CliEnvironment,
): Promise<number> {
  const [before, after, ...rest] = [...diff, ...program];
  if (after === undefined || rest.length > 0) {
    throw new UsageError('--diff takes two saved profiles', 'steme profile --diff before.json after.json');
  }
  const out = flags.out ?? 'profile-diff.svg';
  checkOutputPath(out, ['.svg']);
  await writeDifference(fileSystem, out, await readProfile(fileSystem, before), await readProfile(fileSystem, after));
  stderr.write(`steme: ${out} written\n`);
  return EXIT_OK;
}
