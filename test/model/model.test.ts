import { describe, expect, it } from 'vitest';
import { MODEL_CONFIGS } from './model-configs.js';
import { ModelMap } from './model-map.js';
import { ModelRun } from './model-run.js';

const SEEDS = [1, 2];
const STEPS = 150;

describe('a database does what a sorted map does, snapshots, range deletes, expiry and all', () => {
  it.each(Object.entries(MODEL_CONFIGS))('with %s', async (_, options) => {
    for (const seed of SEEDS) await new ModelRun(options, seed).run(STEPS);
  });
});

describe('the model', () => {
  it('forgets what has expired, at the millisecond', () => {
    const model = new ModelMap();
    model.put('a', '1', 1000);
    expect(model.get('a', 999)).toBe('1');
    expect(model.get('a', 1000)).toBeUndefined();
    expect(model.scan({ reverse: false, limit: 9 }, 1000)).toEqual([]);
  });

  it('deletes ranges that end exclusively', () => {
    const model = new ModelMap();
    for (const key of ['a', 'b', 'c']) model.put(key, key, Number.POSITIVE_INFINITY);
    model.deleteRange('a', 'c');
    expect(model.scan({ reverse: false, limit: 9 }, 0)).toEqual([['c', 'c']]);
  });

  it('keeps a moment as it was', () => {
    const model = new ModelMap();
    model.put('a', '1', Number.POSITIVE_INFINITY);
    const moment = model.freeze();
    model.delete('a');
    expect(moment.get('a', 0)).toBe('1');
  });
});
