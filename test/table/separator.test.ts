import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/base/bytes.js';
import { shortestSeparator } from '../../src/table/separator.js';
import { bytesOf } from './table-fixtures.js';

const arbitraryBytes = fc
  .array(fc.constantFrom(0x00, 0x01, 0x61, 0x62, 0xfe, 0xff), { minLength: 1, maxLength: 4 })
  .map((bytes) => Uint8Array.from(bytes));

/** Tries all keys by length: slow and plain. */
function shortestLength(below: Uint8Array, above: Uint8Array): number {
  for (let length = 1; length < below.length; length++) {
    const candidate = Uint8Array.from(below.subarray(0, length));
    for (let at = length - 1; at >= 0; at--) {
      if (candidate[at] < 0xff) {
        candidate[at]++;
        break;
      }
      candidate[at] = 0;
      if (at === 0) candidate.fill(0);
    }
    if (compareBytes(candidate, below) >= 0 && compareBytes(candidate, above) < 0) return length;
  }
  return below.length;
}

describe('the shortest separator', () => {
  it.each([
    ['abcde', 'abq', 'abd'],
    ['abcde', 'abdz', 'abd'],
    ['abcde', 'abd', 'abce'],
    ['ab', 'abc', 'ab'],
    ['ab', 'ab', 'ab'],
    ['a', 'b', 'a'],
  ])('between %s and %s is %s', (below, above, separator) => {
    expect(Buffer.from(shortestSeparator(bytesOf(below), bytesOf(above))).toString()).toBe(separator);
  });

  it('stands at or above the one key and under the other, and nothing shorter does', () => {
    fc.assert(
      fc.property(arbitraryBytes, arbitraryBytes, (a, b) => {
        const [below, above] = compareBytes(a, b) <= 0 ? [a, b] : [b, a];
        const separator = shortestSeparator(below, above);
        expect(compareBytes(separator, below)).toBeGreaterThanOrEqual(0);
        if (compareBytes(below, above) === 0) expect(separator).toEqual(below);
        else expect(compareBytes(separator, above)).toBeLessThan(0);
        expect(separator.length).toBe(shortestLength(below, above));
      }),
      { seed: 1, numRuns: 3000 },
    );
  });

  it('is a copy, also of a Buffer', () => {
    const below = Buffer.from('abcde');
    shortestSeparator(below, Buffer.from('abq'));
    expect(below.toString()).toBe('abcde');
  });
});
