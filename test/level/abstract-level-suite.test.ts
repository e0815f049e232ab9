import { describe, expect, it } from 'vitest';
import { abstractLevelSuite } from './abstract-level-suite.js';
import { MemoryLevel } from './memory-level.js';
import { TapeSuite } from './tape.js';

describe('the suite of abstract-level', () => {
  const tape = new TapeSuite((name, run) => it(name, run));
  abstractLevelSuite({ test: tape.test, factory: (options) => new MemoryLevel(options) });

  it('has run whole, and nothing of it failed after its end', () => {
    console.log(`abstract-level suite: ${tape.ranCount} tests, ${tape.assertionCount} assertions`);
    expect(tape.ranCount).toBe(tape.testCount);
    expect(tape.failures).toEqual([]);
  });
});
