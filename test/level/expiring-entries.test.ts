import { describe, expect, it } from 'vitest';
import { SimulatedTime } from '../../src/base/simulated-time.js';
import { MemoryLevel } from './memory-level.js';

/** A database whose clock the test turns. */
function timed(): { db: MemoryLevel; time: SimulatedTime } {
  const time = new SimulatedTime();
  return { db: new MemoryLevel({}, { clock: time }), time };
}

describe('ttlMs', () => {
  it('of a put ends what was put', async () => {
    const { db, time } = timed();
    await db.put('a', '1', { ttlMs: 1000 });
    await db.put('b', '2');
    time.advance(999);
    expect(await db.get('a')).toBe('1');
    time.advance(1);
    expect(await db.get('a')).toBeUndefined();
    expect(await db.has('a')).toBe(false);
    expect(await db.iterator().all()).toEqual([['b', '2']]);
    await db.close();
  });

  it('of a batch is for all its puts but those with one of their own', async () => {
    const { db, time } = timed();
    await db.batch(
      [
        { type: 'put', key: 'a', value: '1' },
        { type: 'put', key: 'b', value: '2', ttlMs: 20 },
        { type: 'del', key: 'c' },
      ],
      { ttlMs: 10 },
    );
    time.advance(10);
    expect(await db.keys().all()).toEqual(['b']);
    time.advance(10);
    expect(await db.keys().all()).toEqual([]);
    await db.close();
  });

  it('of a write of a chained batch is for all its puts', async () => {
    const { db, time } = timed();
    await db.open();
    await db.batch().put('a', '1').del('b').write({ ttlMs: 10 });
    expect(await db.keys().all()).toEqual(['a']);
    time.advance(10);
    expect(await db.keys().all()).toEqual([]);
    await db.close();
  });

  it('goes through a sublevel and a prewrite hook', async () => {
    const { db, time } = timed();
    const inner = db.sublevel('inner');
    inner.hooks.prewrite.add(() => undefined);
    const options: object = { ttlMs: 10 };
    await inner.put('a', '1', options);
    expect(await inner.get('a')).toBe('1');
    time.advance(10);
    expect(await inner.get('a')).toBeUndefined();
    await db.close();
  });
});
