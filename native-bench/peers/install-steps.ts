import type { EngineName } from './bench-engine.js';

/** The engines of the private package. */
export type PeerName = Exclude<EngineName, 'stemedb' | 'classic-level' | 'classic-level-grouped'>;
/** `absent`: not there in the version that is asked for. `unloadable`: there, but not built, or not for this machine. */
export type PeerState = 'absent' | 'unloadable' | 'ready';
export type InstallStep = 'install' | 'build';

/** What is to be done: an install is of all at once, and takes away what was built. */
export function installSteps(states: Readonly<Record<PeerName, PeerState>>): readonly InstallStep[] {
  if (Object.values(states).includes('absent')) return ['install', 'build'];
  return states['better-sqlite3'] === 'unloadable' ? ['build'] : [];
}
