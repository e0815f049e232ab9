import { describe, expect, it } from 'vitest';
import { keyFraction } from '../../src/read/key-fraction.js';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));

describe('where a key lies between two others', () => {
  it.each([
    ['user:000', 'user:999', 'user:000', 0],
    ['user:000', 'user:999', 'user:999', 1],
    ['user:000', 'user:800', 'user:400', 0.5],
    ['user:0', 'user:99999999', 'user:25', 0.25],
    ['00f0', 'f0f0', '80f0', 0.53],
    ['a', 'c', 'b', 0.5],
    ['\x00', '\xff', '\x40', 0.25],
    ['same', 'same', 'same', 0],
    ['user:0', 'user:9', 'other', 0],
    ['user:0', 'user:9', 'user', 0],
    ['ab', 'ad', 'a', 0],
    ['aa', 'zz', 'zzz', 1],
  ])('of %j and %j, %j is told by the bytes behind the common prefix', (first, last, key, expected) => {
    const found = keyFraction(bytes(first), bytes(last), bytes(key));
    expect(found).toBeCloseTo(expected, 2);
  });

  it('never goes back as keys go on, and stays between 0 and 1', () => {
    const keys = Array.from({ length: 500 }, (_, i) => bytes(`k${i * 7919}`)).sort(Buffer.compare);
    const fractions = keys.map((key) => keyFraction(keys[50], keys[450], key));
    expect(fractions.every((fraction) => fraction >= 0 && fraction <= 1)).toBe(true);
    const inside = fractions.slice(50, 451);
    expect(inside).toEqual([...inside].sort((a, b) => a - b));
  });
});
