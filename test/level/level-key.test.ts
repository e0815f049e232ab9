import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/base/bytes.js';
import { fromEngineKey, toEngineKey } from '../../src/level/level-key.js';
import { MemoryLevel } from './memory-level.js';

/** Zeros are common in them: those are the odd ones. */
const keys = fc.array(fc.constantFrom(0, 0, 0, 1, 255), { maxLength: 6 }).map((bytes) => Uint8Array.from(bytes));

describe('a key of Level in the engine', () => {
  it.each<[level: number[], engine: number[]]>([
    [[], [0]],
    [[0], [0, 0]],
    [
      [0, 0],
      [0, 0, 0],
    ],
    [
      [0, 1],
      [0, 1],
    ],
    [[97], [97]],
  ])('%j is %j', (level, engine) => {
    expect([...toEngineKey(Uint8Array.from(level))]).toEqual(engine);
    expect([...toEngineKey(Buffer.from(level).toString())]).toEqual(engine);
    expect([...fromEngineKey(Buffer.from(engine))]).toEqual(level);
  });

  it('keeps its order', () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        expect(Math.sign(compareBytes(toEngineKey(a), toEngineKey(b)))).toBe(Math.sign(compareBytes(a, b)));
      }),
    );
  });

  it('comes back as it was, and every key of the engine is one of Level', () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect([...fromEngineKey(Buffer.from(toEngineKey(key)))]).toEqual([...key]);
        if (key.length > 0) expect([...toEngineKey(fromEngineKey(Buffer.from(key)))]).toEqual([...key]);
      }),
    );
  });
});

describe('keys of zero bytes only, the empty one among them', () => {
  const zeros = ['', '\0', '\0\0', '\0\x01', 'a'];

  it('are apart from each other, in order, in every kind of read', async () => {
    await using db = new MemoryLevel();
    await db.batch(zeros.map((key, i) => ({ type: 'put' as const, key, value: String(i) })));
    expect(await db.keys().all()).toEqual(zeros);
    expect(await db.keys({ reverse: true }).all()).toEqual(zeros.toReversed());
    expect(await db.getMany(zeros)).toEqual(['0', '1', '2', '3', '4']);
    expect(await db.hasMany(zeros)).toEqual([true, true, true, true, true]);
    await db.del('');
    expect(db.getSync('')).toBeUndefined();
    expect(db.getSync('\0')).toBe('1');
  });

  it('bound ranges', async () => {
    await using db = new MemoryLevel();
    await db.batch(zeros.map((key) => ({ type: 'put' as const, key, value: key })));
    expect(await db.keys({ gt: '' }).all()).toEqual(zeros.slice(1));
    expect(await db.keys({ gte: '', lt: '\0\0' }).all()).toEqual(['', '\0']);
    expect(await db.keys({ lt: '' }).all()).toEqual([]);
    const iterator = db.keys();
    iterator.seek('\0');
    expect(await iterator.next()).toBe('\0');
    await iterator.close();
    await db.clear({ lte: '\0' });
    expect(await db.keys().all()).toEqual(zeros.slice(2));
  });
});
