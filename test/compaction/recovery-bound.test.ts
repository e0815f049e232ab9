import { describe, expect, it } from 'vitest';
import { MIB } from '../../src/base/limits.js';
import { type LogLoad, logBytesMax, wantsEarlySeal } from '../../src/compaction/recovery-bound.js';

const HALF_FULL: LogLoad = {
  liveLogBytes: 500 * MIB,
  logBytesMax: 1000 * MIB,
  sealedCount: 0,
  isActiveEmpty: false,
};

describe('the bound of the log', () => {
  it('is what is replayed in the time that was promised', () => {
    expect(logBytesMax(10, 100 * MIB)).toBe(1000 * MIB);
  });

  it.each<[string, Partial<LogLoad>, boolean]>([
    ['half of it seals the memtable', {}, true],
    ['less does not', { liveLogBytes: 499 * MIB }, false],
    ['one that is sealed already comes first', { sealedCount: 1, liveLogBytes: 900 * MIB }, false],
    ['an empty memtable would shorten nothing', { isActiveEmpty: true }, false],
  ])('%s', (_, load, expected) => {
    expect(wantsEarlySeal({ ...HALF_FULL, ...load })).toBe(expected);
  });
});
