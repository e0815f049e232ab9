import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GIB, MIB } from '../../src/base/limits.js';
import { COMPACTION_DEFAULTS } from '../../src/compaction/compaction-settings.js';
import { decideStall, paceBackground, type WriteLoad } from '../../src/compaction/stall.js';

const CALM: WriteLoad = {
  sealedCount: 0,
  sealedMax: 3,
  activeBytes: 0,
  memtableBytes: 64 * MIB,
  liveLogBytes: 0,
  logBytesMax: GIB,
  l0Count: 4,
  l0Bytes: 4 * 40 * MIB,
  debtBytes: 0,
  flushBytesPerSecond: 100 * MIB,
  compactionBytesPerSecond: 200 * MIB,
};

function decide(load: Partial<WriteLoad>) {
  return decideStall({ ...CALM, ...load }, COMPACTION_DEFAULTS);
}

function paceOf(load: Partial<WriteLoad>): number {
  const decision = decide(load);
  if (decision.kind === 'none') return Number.POSITIVE_INFINITY;
  return decision.kind === 'stop' ? 0 : decision.bytesPerSecond;
}

describe('stalls', () => {
  it.each<[string, Partial<WriteLoad>, string, string?]>([
    ['nothing while work keeps up', {}, 'none'],
    ['nothing where a cause begins', { l0Count: 20, debtBytes: 16 * GIB, sealedCount: 2 }, 'none'],
    ['a delay behind that: L0', { l0Count: 21 }, 'delay', 'l0'],
    ['a delay behind that: debt', { debtBytes: 17 * GIB }, 'delay', 'debt'],
    ['a delay behind that: memtables', { sealedCount: 2, activeBytes: MIB }, 'delay', 'memtables'],
    ['nothing while the log is short enough', { liveLogBytes: 0.75 * GIB }, 'none'],
    ['a delay behind that: recovery time', { liveLogBytes: 0.8 * GIB }, 'delay', 'recovery'],
    ['a stop at the end: recovery time', { liveLogBytes: GIB }, 'stop', 'recovery'],
    ['one table before the end still a delay', { l0Count: 35 }, 'delay', 'l0'],
    ['a stop at the end: L0', { l0Count: 36 }, 'stop', 'l0'],
    ['a stop at the end: debt', { debtBytes: 64 * GIB }, 'stop', 'debt'],
    ['a stop at the end: memtables', { sealedCount: 3, activeBytes: 64 * MIB }, 'stop', 'memtables'],
    ['room in the active memtable is no stop', { sealedCount: 3, activeBytes: 63 * MIB }, 'delay', 'memtables'],
    ['the cause that slows most is named', { l0Count: 21, debtBytes: 60 * GIB }, 'delay', 'debt'],
    ['the stop that takes longest is named', { l0Count: 36, debtBytes: 70 * GIB }, 'stop', 'debt'],
  ])('%s', (_, load, kind, cause) => {
    expect(decide(load)).toMatchObject(cause === undefined ? { kind } : { kind, cause });
  });

  it('gives writers the pace of the work half way', () => {
    expect(paceOf({ l0Count: 28 })).toBe(200 * MIB);
    expect(paceOf({ sealedCount: 3 })).toBe(100 * MIB);
    expect(paceOf({ debtBytes: 40 * GIB })).toBe(200 * MIB);
  });

  it('says what has to be worked off, and how long that takes', () => {
    expect(decide({ l0Count: 25, l0Bytes: 25 * 40 * MIB })).toMatchObject({ debtBytes: 200 * MIB, estimateMs: 1000 });
    expect(decide({ l0Count: 36, l0Bytes: 36 * 40 * MIB })).toMatchObject({ debtBytes: 40 * MIB, estimateMs: 200 });
    expect(decide({ debtBytes: 66 * GIB })).toMatchObject({ debtBytes: 2 * GIB, estimateMs: 10_240 });
    expect(decide({ sealedCount: 3, activeBytes: 64 * MIB })).toMatchObject({ debtBytes: 64 * MIB, estimateMs: 640 });
  });

  it('has an estimate before anything was measured', () => {
    const decision = decide({ l0Count: 30, flushBytesPerSecond: 0, compactionBytesPerSecond: 0 });
    expect(decision).toMatchObject({ kind: 'delay' });
    expect(decision.kind === 'delay' && Number.isFinite(decision.estimateMs)).toBe(true);
  });

  it('leaves a delayed writer a little', () => {
    expect(paceOf({ l0Count: 35, compactionBytesPerSecond: 1 })).toBe(MIB);
  });

  it('never speeds writers up as work falls behind, and has no cliff', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const loadAt = (pressure: number): Partial<WriteLoad> => ({ debtBytes: 16 * GIB + pressure * 48 * GIB });
    fc.assert(
      fc.property(share, share, (a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        expect(paceOf(loadAt(more))).toBeLessThanOrEqual(paceOf(loadAt(less)));
      }),
    );
    for (let step = 1; step < 99; step++) {
      expect(paceOf(loadAt((step + 1) / 100)) / paceOf(loadAt(step / 100))).toBeGreaterThan(0.45);
    }
  });
});

describe('the pace of background work', () => {
  it.each([
    ['slow without debt', { debtBytes: 0, l0Count: 0 }, 64 * MIB],
    ['slow while L0 is no longer than it should be', { debtBytes: 0, l0Count: 4 }, 64 * MIB],
    ['twice that with a quarter of the debt that slows writers', { debtBytes: 4 * GIB, l0Count: 4 }, 128 * MIB],
    ['twice that with L0 a quarter of the way', { debtBytes: 0, l0Count: 8 }, 128 * MIB],
    ['without limit half way, by debt', { debtBytes: 8 * GIB, l0Count: 4 }, Number.POSITIVE_INFINITY],
    ['without limit half way, by L0', { debtBytes: 0, l0Count: 12 }, Number.POSITIVE_INFINITY],
  ])('is %s', (_, load, pace) => {
    expect(paceBackground(load, COMPACTION_DEFAULTS)).toBe(pace);
  });
});
