import { expect, it } from 'vitest';
import { ReadClock } from '../../src/engine/read-clock.js';

it('a read clock follows the system clock forwards and stands still where that goes back', () => {
  const times = [100, 200, 150, 199, 201];
  const clock = new ReadClock({ nowMs: () => times.shift() ?? 0, monotonicMs: () => 0 });
  expect([1, 2, 3, 4, 5].map(() => clock.nowMs())).toEqual([100, 200, 200, 200, 201]);
});
