import { describe, expect, it } from 'vitest';
import { WriteHistory } from '../support/write-history.js';
import type { CrashPoint } from './crash-recorder.js';
import { DiskReader, type DiskReading } from './disk-reading.js';
import { judgeCrash } from './judge-crash.js';
import { QuarantineHistory } from './quarantine-history.js';
import { SimulatedWorld } from './simulated-world.js';
import { KEYS } from './step.js';

const SEED = 11;

/** A disk with a database of one acknowledged put, as a kill leaves it. */
async function crashAfterOnePut(world: SimulatedWorld): Promise<CrashPoint> {
  const disk = world.newDisk();
  world.restart(SEED, { isPrompt: true });
  const db = await world.open(disk, { memtableBytes: 4096, walSync: 'fdatasync' });
  const history = new WriteHistory();
  const count = history.add([{ type: 'put', key: KEYS[0], value: 'first' }], { wantsSync: true });
  await world.settles('a put', db.put(KEYS[0], 'first', { sync: true }));
  history.acknowledge(count, true);
  return {
    kind: 'kill',
    disk: disk.clone(),
    history,
    bounds: history.bounds('kill'),
    durableCount: 1,
    checkpoints: [],
    quarantine: new QuarantineHistory(),
    nowMs: world.nowMs,
    isInRecovery: false,
    moment: 'a kill',
  };
}

function copyOf(crash: CrashPoint, changes: Partial<CrashPoint> = {}): CrashPoint {
  return { ...crash, disk: crash.disk.clone(), ...changes };
}

describe('a disk that several crashes leave', () => {
  it('is opened once, and each crash is held against what was acknowledged by then', async () => {
    const world = new SimulatedWorld();
    const crash = await crashAfterOnePut(world);
    const before = copyOf(crash, { bounds: { floor: 0, ceiling: 1 } });
    // One more write was acknowledged between the two: the same disk has lost it.
    const history = new WriteHistory();
    history.add([{ type: 'put', key: KEYS[0], value: 'first' }]);
    history.add([{ type: 'put', key: KEYS[1], value: 'second' }]);
    const after = copyOf(crash, { history, bounds: { floor: 2, ceiling: 2 } });

    const reader = new DiskReader(world, SEED);
    expect(judgeCrash(before, await reader.read(before))).toBe(1);
    const reading = await reader.read(after);
    expect(reader.openedCount).toBe(1);
    expect(() => judgeCrash(after, reading)).toThrow('not the state after 2 to 2 writes');
  });

  it('is read by a crash alone as it is among others', async () => {
    const world = new SimulatedWorld();
    const crash = await crashAfterOnePut(world);
    const first = await new DiskReader(world, SEED).read(copyOf(crash));
    expect(await new DiskReader(world, SEED).read(copyOf(crash))).toEqual(first);
  });

  it('is opened again at another time, for other checkpoints, and with any other byte', async () => {
    const world = new SimulatedWorld();
    const crash = await crashAfterOnePut(world);
    const reader = new DiskReader(world, SEED);
    const checkpoint = { directory: '/data/checkpoint-1', floor: 0, isDone: false };
    const other = copyOf(crash);
    (await other.disk.open('/data/db/notes', 'create')).writeSync(new Uint8Array(1), 0);
    await reader.read(copyOf(crash));
    await reader.read(copyOf(crash, { nowMs: crash.nowMs + 1 }));
    await reader.read(copyOf(crash, { checkpoints: [checkpoint] }));
    await reader.read(other);
    expect(reader.openedCount).toBe(4);
  });
});

describe('a checkpoint', () => {
  const contents = new Map([['k00', 'first']]);
  const history = new WriteHistory([{ operations: [{ type: 'put', key: 'k00', value: 'first' }] }]);

  async function judge(isDone: boolean, checkpoint: DiskReading['checkpoints'][number]): Promise<number> {
    const crash = await crashAfterOnePut(new SimulatedWorld());
    const checkpoints = [{ directory: '/data/checkpoint-1', floor: 1, isDone }];
    const bounds = { floor: 1, ceiling: 1 };
    return judgeCrash(
      { ...crash, history, bounds, checkpoints },
      {
        contents,
        nowMs: 0,
        checkpoints: [checkpoint],
        quarantine: undefined,
      },
    );
  }

  it('may be missing until it is acknowledged', async () => {
    expect(await judge(false, undefined)).toBe(1);
    await expect(judge(true, undefined)).rejects.toThrow('was made and is gone');
  });

  it('holds a state between its call and the crash', async () => {
    expect(await judge(true, { contents, nowMs: 0 })).toBe(1);
    await expect(judge(true, { contents: new Map(), nowMs: 0 })).rejects.toThrow('holds no state of the database');
  });
});
