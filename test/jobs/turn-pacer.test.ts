import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MIB } from '../../src/base/limits.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { TurnPacer } from '../../src/jobs/turn-pacer.js';
import type { Row } from '../support/job-bench.js';
import { compactionJob, EVERYWHERE, flushJob, tablesOf } from '../support/job-bench.js';
import { DIRECTORY } from '../support/test-database.js';

describe('a turn of the event loop', () => {
  it('is due every four megabytes', async () => {
    const pacer = new TurnPacer();
    expect([pacer.isDue(3 * MIB), pacer.isDue(MIB - 1), pacer.isDue(1)]).toEqual([false, false, true]);
    await pacer.turn();
    expect(pacer.isDue(MIB)).toBe(false);
  });

  // The compression addon frees what it handed out only in a turn: a worker that took none grew by a memtable a flush.
  it('comes while a large job runs', async () => {
    const disk = new MemoryFileSystem();
    await disk.makeDirectory(DIRECTORY);
    const rows = Array.from(
      { length: 400 },
      (_, i): Row => [`key ${String(i).padStart(3, '0')}`, i + 1, 'v'.repeat(40_000)],
    );
    let turns = 0;
    let isOver = false;
    const counting = (async () => {
      while (!isOver) {
        await nextTurn();
        turns++;
      }
    })();
    await nextTurn();
    turns = 0;
    const tables = await tablesOf(disk, flushJob(1, rows));
    expect(turns).toBeGreaterThanOrEqual(3);
    turns = 0;
    await tablesOf(disk, compactionJob(tables, { deeperRanges: [EVERYWHERE], tableBytesTarget: MIB }));
    expect(turns).toBeGreaterThanOrEqual(3);
    isOver = true;
    await counting;
  });
});

describe('a pace', () => {
  /** A clock that only sleeping and working move. */
  class WorkClock {
    #nowMs = 1000;
    sleptMs = 0;

    nowMs(): number {
      return this.#nowMs;
    }

    work(ms: number): void {
      this.#nowMs += ms;
    }

    sleep(ms: number): Promise<void> {
      this.sleptMs += ms;
      this.#nowMs += ms;
      return Promise.resolve();
    }
  }

  async function work(pacer: TurnPacer, clock: WorkClock, steps: number, bytes: number, ms: number): Promise<void> {
    for (let i = 0; i < steps; i++) {
      clock.work(ms);
      if (pacer.isDue(bytes)) await pacer.turn();
    }
  }

  it('is kept by sleeping off what the work was too fast', async () => {
    const clock = new WorkClock();
    await work(new TurnPacer(1_000_000, clock), clock, 1000, 10_000, 1);
    expect(clock.sleptMs).toBeCloseTo(9000, 0);
    expect(clock.nowMs()).toBeCloseTo(11_000, 0);
  });

  it('costs nothing if the work is slower', async () => {
    const clock = new WorkClock();
    await work(new TurnPacer(1_000_000, clock), clock, 100, 10_000, 20);
    expect(clock.sleptMs).toBe(0);
  });

  it('is not exceeded to make up for a time that was slower', async () => {
    const clock = new WorkClock();
    const pacer = new TurnPacer(1_000_000, clock);
    await work(pacer, clock, 100, 10_000, 1000);
    await work(pacer, clock, 1000, 10_000, 1);
    expect(clock.sleptMs).toBeCloseTo(9000, 0);
  });

  it.each([0, undefined])('of %s is no limit', async (bytesPerSecondMax) => {
    const clock = new WorkClock();
    await work(new TurnPacer(bytesPerSecondMax, clock), clock, 1000, 100_000, 0);
    expect(clock.sleptMs).toBe(0);
  });
});
