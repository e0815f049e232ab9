import type { EngineName, OpenEngine } from './bench-engine.js';

/** Adapters are loaded one at a time: a process measures one engine, and no other may be in its memory. */
const LOADERS: Record<EngineName, () => Promise<OpenEngine>> = {
  stemedb: async () => (await import('./stemedb-engine.js')).stemeDbOpener(),
  'classic-level': async () => (await import('./classic-level-engine.js')).openClassicLevel,
  'classic-level-grouped': async () => (await import('./classic-level-engine.js')).openClassicLevelGrouped,
  lmdb: async () => (await import('./lmdb-engine.js')).openLmdb,
  'rocksdb-native': async () => (await import('./rocksdb-native-engine.js')).openRocksDbNative,
  'better-sqlite3': async () => (await import('./better-sqlite3-engine.js')).openBetterSqlite3,
};

export function openEngineOf(name: EngineName): Promise<OpenEngine> {
  return LOADERS[name]();
}
