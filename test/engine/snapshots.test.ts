import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { StemeError } from '../../src/base/errors.js';
import { SimulatedTime } from '../../src/base/simulated-time.js';
import { SnapshotRegistry } from '../../src/engine/snapshots.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openOn } from '../support/test-database.js';

class Rig {
  readonly time = new SimulatedTime();
  readonly warnings: StemeError[] = [];
  sequence = 1;
  readonly snapshots: SnapshotRegistry;

  constructor(warningMs = 1000) {
    this.snapshots = new SnapshotRegistry({
      visibleSequence: () => this.sequence,
      readTimeMs: () => this.time.nowMs(),
      clock: this.time,
      timers: this.time,
      warningMs,
      onWarning: (warning) => this.warnings.push(warning),
    });
  }
}

describe('open snapshots', () => {
  it('tell which sequences compactions must keep, ascending and each once', () => {
    const rig = new Rig();
    const opened = [1, 1, 4, 9].map((sequence) => {
      rig.sequence = sequence;
      return rig.snapshots.open();
    });
    expect(rig.snapshots.sequences()).toEqual([1, 4, 9]);
    opened[0].close();
    expect(rig.snapshots.sequences()).toEqual([1, 4, 9]);
    opened[1].close();
    opened[2].close();
    expect(rig.snapshots.sequences()).toEqual([9]);
  });

  it('tell how old the oldest is, and the time it reads by', () => {
    const rig = new Rig();
    expect(rig.snapshots.oldestAgeMs()).toBe(0);
    expect(rig.snapshots.oldestTimeMs()).toBeUndefined();
    const startedAtMs = rig.time.nowMs();
    const first = rig.snapshots.open();
    rig.time.advance(100);
    rig.snapshots.open();
    rig.time.advance(50);
    expect(rig.snapshots.oldestAgeMs()).toBe(150);
    expect(rig.snapshots.oldestTimeMs()).toBe(startedAtMs);
    first.close();
    expect(rig.snapshots.oldestAgeMs()).toBe(50);
    expect(rig.snapshots.openCount).toBe(1);
  });

  it('are closed once, however often and in whatever way', () => {
    const rig = new Rig();
    const kept = rig.snapshots.open();
    {
      using snapshot = rig.snapshots.open();
      expect(snapshot.isClosed).toBe(false);
      snapshot.close();
      snapshot.close();
      expect(snapshot.isClosed).toBe(true);
    }
    expect(rig.snapshots.openCount).toBe(1);
    rig.snapshots.closeAll();
    expect(kept.isClosed).toBe(true);
    kept.close();
    expect(rig.time.timerCount).toBe(0);
  });
});

describe('a snapshot that is open for long', () => {
  it('is warned of once, and again only after all such old ones were closed', () => {
    const rig = new Rig();
    const first = rig.snapshots.open();
    rig.time.advance(999);
    expect(rig.warnings).toEqual([]);
    rig.time.advance(1);
    expect(rig.warnings).toMatchObject([{ code: 'STEME_LEAK', message: expect.stringContaining('open for 1 s') }]);
    rig.time.advance(100_000);
    expect(rig.warnings).toHaveLength(1);
    first.close();
    rig.time.advance(1000);
    rig.snapshots.open();
    rig.time.advance(5000);
    expect(rig.warnings).toHaveLength(2);
  });

  it('is not missed behind others that come and go', () => {
    const rig = new Rig();
    rig.snapshots.open().close();
    rig.time.advance(900);
    rig.snapshots.open();
    rig.time.advance(1100);
    expect(rig.warnings).toHaveLength(1);
  });

  it('is no matter with the warning turned off', () => {
    const rig = new Rig(0);
    rig.snapshots.open();
    rig.time.advance(10 ** 9);
    expect(rig.warnings).toEqual([]);
  });
});

it('a snapshot that was lost without close is closed by the collector, with a warning', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const rig = new Rig();
  (() => void rig.snapshots.open())();
  const kept = rig.snapshots.open();
  for (let i = 0; i < 100 && rig.warnings.length === 0; i++) {
    collect();
    await delay(5);
  }
  expect(rig.warnings).toMatchObject([{ code: 'STEME_LEAK' }]);
  expect(rig.snapshots.openCount).toBe(1);
  expect(kept.isClosed).toBe(false);
});

it('a database counts its snapshots, and closes them with itself', async () => {
  const db = await openOn(new MemoryFileSystem());
  await db.put('a', '1');
  const snapshot = db.snapshot();
  expect(snapshot).toMatchObject({ sequence: 1, isClosed: false });
  await db.put('a', '2');
  expect(db.snapshot().sequence).toBe(2);
  expect(db.stats().snapshots).toMatchObject({ open: 2 });
  await db.close();
  expect(snapshot.isClosed).toBe(true);
  expect(() => db.snapshot()).toThrow('closed');
});
