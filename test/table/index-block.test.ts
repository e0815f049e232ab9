import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/base/bytes.js';
import { CorruptionError, StemeError } from '../../src/base/errors.js';
import { IndexBlock } from '../../src/table/index-block.js';
import { IndexBlockBuilder } from '../../src/table/index-block-builder.js';
import { arbitraryKey } from '../read/arbitrary-versions.js';

const LIMIT_BYTES = 1e9;

function build(separators: readonly Uint8Array[], sizes: readonly number[], firstOffsetBytes = 0): Uint8Array {
  const builder = new IndexBlockBuilder();
  let offset = firstOffsetBytes;
  separators.forEach((separator, i) => {
    builder.add(separator, offset, sizes[i]);
    offset += sizes[i] + 5;
  });
  const foretold = builder.rawBytes;
  const content = builder.finish();
  expect(content.length).toBeLessThanOrEqual(foretold);
  expect(builder.isEmpty).toBe(true);
  return content;
}

const arbitrarySeparators = fc
  .tuple(fc.array(arbitraryKey, { minLength: 1, maxLength: 30 }), fc.uint8Array({ maxLength: 6 }))
  .map(([keys, prefix]) => keys.map((key) => Uint8Array.from([...prefix, ...key])).sort(compareBytes));

describe('an index block', () => {
  it('orders each separator to a key as its copy orders', () => {
    const property = fc.property(arbitrarySeparators, fc.array(arbitraryKey), (separators, others) => {
      const sizes = separators.map(() => 1);
      const index = new IndexBlock(build(separators, sizes), 'x', 0, LIMIT_BYTES);
      for (const key of [...separators, ...others, new Uint8Array(0)]) {
        const memory = Uint8Array.from([...key, 0, 0xff]);
        separators.forEach((separator, i) => {
          const order = index.compareSeparator(i, memory, key.length);
          expect(Math.sign(order)).toBe(Math.sign(compareBytes(separator, key)));
        });
      }
    });
    fc.assert(property, { seed: 1, numRuns: 200 });
  });

  it('finds the first block whose separator is at or above a key, as a plain search does', () => {
    fc.assert(
      fc.property(arbitrarySeparators, fc.array(arbitraryKey, { maxLength: 10 }), (separators, others) => {
        const index = new IndexBlock(
          build(
            separators,
            separators.map((_, i) => i),
          ),
          'x',
          0,
          LIMIT_BYTES,
        );
        for (const key of [...separators, ...others, new Uint8Array(0)]) {
          const expected = separators.findIndex((separator) => compareBytes(separator, key) >= 0);
          expect(index.find(key)).toBe(expected < 0 ? separators.length : expected);
        }
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('gives back separators, offsets and sizes', () => {
    fc.assert(
      fc.property(arbitrarySeparators, fc.nat(2 ** 30), (separators, firstOffset) => {
        const sizes = separators.map((_, i) => i * 1000);
        const index = new IndexBlock(build(separators, sizes, firstOffset), 'x', 0, 2 ** 32);
        let offset = firstOffset;
        separators.forEach((separator, i) => {
          expect([...index.separator(i)]).toEqual([...separator]);
          expect(index.isSeparator(i, separator)).toBe(true);
          expect(index.isSeparator(i, Uint8Array.of(...separator, 0))).toBe(false);
          expect(index.offsetBytes(i)).toBe(offset);
          expect(index.sizeBytes(i)).toBe(sizes[i]);
          offset += sizes[i] + 5;
        });
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  it('refuses blocks that end behind its limit', () => {
    const content = build([Uint8Array.of(1), Uint8Array.of(2)], [100, 100]);
    expect(new IndexBlock(content, 'x', 0, 210).count).toBe(2);
    expect(() => new IndexBlock(content, 'x', 0, 209)).toThrow(CorruptionError);
  });

  it('reads or refuses any bytes, and takes no memory for a count that cannot be true', () => {
    const good = build([Uint8Array.of(1, 2), Uint8Array.of(1, 3), Uint8Array.of(1, 3, 4)], [10, 20, 30]);
    const attempt = (content: Uint8Array): void => {
      try {
        const index = new IndexBlock(content, 'x', 0, LIMIT_BYTES);
        for (const key of [[0], [1, 3], [9]]) index.find(Uint8Array.from(key));
      } catch (error) {
        expect(error).toBeInstanceOf(StemeError);
      }
    };
    for (let at = 0; at < good.length; at++) {
      for (let byte = 0; byte < 256; byte++) {
        const bad = Uint8Array.from(good);
        bad[at] = byte;
        attempt(bad);
      }
      attempt(good.subarray(0, at));
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), attempt), { seed: 3, numRuns: 3000 });
    const huge = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0);
    expect(() => new IndexBlock(huge, 'x', 0, LIMIT_BYTES)).toThrow(CorruptionError);
  });
});
