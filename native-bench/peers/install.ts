/**
 * Peers that are too large for everybody's install are a package of their own, installed here when they are first asked for. npm is all
 * that is downloaded from: no script of a package runs, but for better-sqlite3, which is built from its source.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENGINE_NAMES, type EngineName } from './bench-engine.js';
import { installSteps, type PeerName, type PeerState } from './install-steps.js';
import { PEERS_URL } from './private-package.js';

const DIRECTORY = fileURLToPath(PEERS_URL);

/** Programs that fail where the engine does not work on this machine; run apart, so that one that crashes takes nothing with it. */
const PROBES: Readonly<Record<PeerName, string>> = {
  lmdb: "import 'lmdb'",
  'rocksdb-native': "import 'rocksdb-native'",
  'better-sqlite3': "import Database from 'better-sqlite3'; new Database(':memory:').close()",
};
const PEER_NAMES = Object.keys(PROBES) as readonly PeerName[];

let installed: readonly EngineName[] | undefined;

/** The engines that can be measured here. Installs what is not there yet, which takes minutes, and says what had to be left out. */
export function installedEngines(): readonly EngineName[] {
  installed ??= installAll();
  return installed;
}

function installAll(): readonly EngineName[] {
  const reasons = new Map<string, string>();
  for (const step of installSteps(peerStates())) {
    const reason = step === 'install' ? install() : build();
    if (reason !== undefined) reasons.set(step, reason);
  }
  const absent = PEER_NAMES.filter((name) => stateOf(name) !== 'ready');
  for (const name of absent) note(`${name} is left out: ${reasonOf(name, reasons)}.`);
  return ENGINE_NAMES.filter((name) => !absent.some((one) => one === name));
}

function reasonOf(name: PeerName, reasons: ReadonlyMap<string, string>): string {
  const buildReason = name === 'better-sqlite3' ? reasons.get('build') : undefined;
  return reasons.get('install') ?? buildReason ?? 'it cannot be loaded on this machine';
}

function peerStates(): Readonly<Record<PeerName, PeerState>> {
  return Object.fromEntries(PEER_NAMES.map((name) => [name, stateOf(name)])) as Record<PeerName, PeerState>;
}

function stateOf(name: PeerName): PeerState {
  if (installedVersion(name) !== wantedVersion(name)) return 'absent';
  const probe = spawnSync(process.execPath, ['--input-type=module', '--eval', PROBES[name]], { cwd: DIRECTORY });
  return probe.status === 0 ? 'ready' : 'unloadable';
}

function wantedVersion(name: PeerName): string | undefined {
  return readJson<{ dependencies: Record<string, string> }>('package.json').dependencies[name];
}

function installedVersion(name: PeerName): string | undefined {
  const file = join('node_modules', name, 'package.json');
  return existsSync(join(DIRECTORY, file)) ? readJson<{ version: string }>(file).version : undefined;
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(join(DIRECTORY, file), 'utf8')) as T;
}

/** Returns why it failed, if it did. */
function install(): string | undefined {
  note(`installing ${PEER_NAMES.join(', ')} (once, some 200 MB).`);
  return runNpm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], DIRECTORY) ? undefined : 'npm ci failed';
}

/** Its own install script would look for a binary elsewhere first, and without the headers, which stand beside Node, for these. */
function build(): string | undefined {
  const prefix = dirname(dirname(process.execPath));
  if (!existsSync(join(prefix, 'include/node/node.h'))) return `it is built from source, and ${prefix} has no headers`;
  note('building better-sqlite3 from its source (once, a minute or two).');
  const script = ['run', 'build-release', '--', `--nodedir=${prefix}`];
  return runNpm(script, join(DIRECTORY, 'node_modules/better-sqlite3'))
    ? undefined
    : 'it could not be built from its source';
}

function runNpm(npmArguments: readonly string[], directory: string): boolean {
  const stdio = ['ignore', process.stderr, process.stderr] as const;
  return spawnSync('npm', npmArguments, { cwd: directory, stdio: [...stdio] }).status === 0;
}

function note(text: string): void {
  process.stderr.write(`Note: ${text}\n`);
}
