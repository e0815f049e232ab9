import { describe, expect, it } from 'vitest';
import { type CountableModule, closingLine, countRun } from './closing-line-reporter.js';

function moduleOf(states: readonly string[], ok: boolean): CountableModule {
  const tests = states.map((state) => ({ result: () => ({ state }) }));
  return { ok: () => ok, children: { allTests: () => tests } };
}

describe('the closing line', () => {
  it('counts tests over all files', () => {
    const counts = countRun([moduleOf(['passed', 'failed'], false), moduleOf(['passed'], true)], 0);
    expect(closingLine(counts)).toBe('2 passed, 1 failed');
  });

  it('names skipped tests only when there are any', () => {
    expect(closingLine(countRun([moduleOf(['passed', 'skipped', 'pending'], true)], 0))).toBe(
      '1 passed, 0 failed, 2 skipped',
    );
  });

  it('counts a file that does not load as one failure', () => {
    expect(closingLine(countRun([moduleOf([], false), moduleOf(['passed'], true)], 0))).toBe('1 passed, 1 failed');
  });

  it('counts a file whose hook fails beside passing tests as one failure', () => {
    expect(closingLine(countRun([moduleOf(['passed'], false)], 0))).toBe('1 passed, 1 failed');
  });

  it('counts errors outside all files', () => {
    expect(closingLine(countRun([moduleOf(['passed'], true)], 2))).toBe('1 passed, 2 failed');
  });
});
