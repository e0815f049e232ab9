import { expect, it } from 'vitest';
import { sweepQuarantine } from './quarantine-sweep.js';

// law 5
it('a damaged quarantine hands out what was appended, tells what is missing, and leaves the store alone', async () => {
  const { outcomes, failures } = await sweepQuarantine(997);
  expect(failures).toEqual([]);
  expect(outcomes.get('told')).toBeGreaterThan(50);
  expect(outcomes.get('all there')).toBeGreaterThan(10);
});
