/**
 * `npm run flame -- [script] [arguments]`: runs a script under a profiler and writes `flamegraphs/<script>.svg`. Linux
 * perf sees all threads, native code and the kernel; without it, V8's own profiler shows the JavaScript of each thread.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseCpuProfile, parsePerfScript, type StackSample, toPerfScript } from './support/stack-lines.js';
import { emptyWorkDirectory, removeWorkDirectory, shownPath } from './support/work-directory.js';

const PROJECT_ROOT = fileURLToPath(new URL('../', import.meta.url));
const DEFAULT_SCRIPT = 'native-bench/spine/ingest-profile.ts';
const SAMPLES_PER_S = 499;
/** Narrower frames are left out: they cannot be read, and there are thousands. */
const FRAME_PIXELS_MIN = 0.5;
const PERF_OUTPUT_BYTES_MAX = 2 ** 30;

const [script = DEFAULT_SCRIPT, ...scriptArguments] = process.argv.slice(2);
const scriptPath = resolve(script);
if (!existsSync(scriptPath)) throw new Error(`there is no ${script}`);

function run(command: string, args: readonly string[]): void {
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${basename(command)} ended with ${signal ?? `code ${status}`}`);
}

function canPerf(directory: string): boolean {
  const probe = ['record', '-q', '-e', 'cpu-clock', '-o', join(directory, 'probe.data'), '--', 'true'];
  return spawnSync('perf', probe, { stdio: 'ignore' }).status === 0;
}

function nodeArguments(...flags: string[]): string[] {
  return [...flags, '--import', 'tsx', scriptPath, ...scriptArguments];
}

function sampleWithPerf(directory: string): StackSample[] {
  const data = join(directory, 'perf.data');
  const record = [
    'record',
    '-q',
    '-e',
    'cpu-clock',
    '-F',
    String(SAMPLES_PER_S),
    '-g',
    '-o',
    data,
    '--',
    process.execPath,
  ];
  const mapsBefore = new Set(symbolMaps());
  // V8 also writes a log of its own, one a thread and into the working directory unless it is told otherwise.
  const log = ['--no-logfile-per-isolate', `--logfile=${join(directory, 'v8.log')}`];
  run('perf', [...record, ...nodeArguments('--perf-basic-prof', '--interpreted-frames-native-stack', ...log)]);
  const print = ['script', '-i', data, '-F', 'comm,pid,tid,time,event,ip,sym,dso'];
  const printed = spawnSync('perf', print, { encoding: 'utf8', maxBuffer: PERF_OUTPUT_BYTES_MAX });
  if (printed.status !== 0) throw new Error(`perf script failed: ${printed.stderr}`);
  // V8 leaves its symbol maps to whoever profiles, one for each process.
  for (const map of symbolMaps()) if (!mapsBefore.has(map)) rmSync(map, { force: true });
  return parsePerfScript(printed.stdout, PROJECT_ROOT);
}

function symbolMaps(): string[] {
  const names = readdirSync(tmpdir()).filter((name) => /^perf-\d+\.map$/.test(name));
  return names.map((name) => join(tmpdir(), name));
}

function sampleWithV8(directory: string): StackSample[] {
  run(process.execPath, nodeArguments('--cpu-prof', `--cpu-prof-dir=${directory}`));
  const profiles = readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'));
  return profiles.flatMap((name) => parseCpuProfile(readFileSync(join(directory, name), 'utf8'), PROJECT_ROOT));
}

/** The package writes handlers with a bare `&&`: that passes within HTML, and no browser opens such a file by itself. */
function wellFormed(svg: string): string {
  return svg.replace(/ on\w+="[^"]*"/g, (handler) => handler.replace(/&(?!\w+;)/g, '&amp;'));
}

function draw(samples: readonly StackSample[], name: string, directory: string): string {
  const stacks = join(directory, 'stacks.txt');
  writeFileSync(stacks, toPerfScript(samples));
  const svg = join(PROJECT_ROOT, 'flamegraphs', `${name}.svg`);
  mkdirSync(dirname(svg), { recursive: true });
  const flamegraph = join(
    dirname(createRequire(import.meta.url).resolve('flamegraph/package.json')),
    'bin/flamegraph.js',
  );
  const title = `${name}, ${samples.length} samples`;
  const look = ['--titletext', title, '--minwidth', String(FRAME_PIXELS_MIN)];
  run(process.execPath, [flamegraph, '-t', 'perf', '-f', stacks, '-o', svg, ...look]);
  const drawn = wellFormed(readFileSync(svg, 'utf8'));
  if (drawn.includes(PROJECT_ROOT)) throw new Error(`${shownPath(svg)} names a path of this machine`);
  writeFileSync(svg, drawn);
  return svg;
}

const name = basename(scriptPath, extname(scriptPath));
const directory = emptyWorkDirectory('flame');
const isPerf = canPerf(directory);
process.stdout.write(
  `profiling ${shownPath(scriptPath)} with ${isPerf ? 'perf' : 'the profiler of V8 (perf cannot record here)'}\n`,
);
const samples = isPerf ? sampleWithPerf(directory) : sampleWithV8(directory);
process.stdout.write(`${shownPath(draw(samples, name, directory))} written\n`);
removeWorkDirectory(directory);
