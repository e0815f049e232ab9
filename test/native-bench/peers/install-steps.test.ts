import { describe, expect, it } from 'vitest';
import { installSteps, type PeerState } from '../../../native-bench/peers/install-steps.js';

function steps(lmdb: PeerState, rocksdb: PeerState, sqlite: PeerState): readonly string[] {
  return installSteps({ lmdb, 'rocksdb-native': rocksdb, 'better-sqlite3': sqlite });
}

describe('what is done to have the peers', () => {
  it('nothing, when all are there', () => {
    expect(steps('ready', 'ready', 'ready')).toEqual([]);
  });

  it('all are installed when one is missing, and what is built from source is built again', () => {
    expect(steps('absent', 'absent', 'absent')).toEqual(['install', 'build']);
    expect(steps('absent', 'ready', 'ready')).toEqual(['install', 'build']);
  });

  it('better-sqlite3 alone is built; what comes as a binary that does not load stays as it is', () => {
    expect(steps('ready', 'ready', 'unloadable')).toEqual(['build']);
    expect(steps('ready', 'unloadable', 'ready')).toEqual([]);
  });
});
