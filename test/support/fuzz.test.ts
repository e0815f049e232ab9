import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptionError, StemeError } from '../../src/base/errors.js';
import { MIB } from '../../src/base/limits.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { writeFile } from '../log/log-bytes.js';
import {
  answerForRange,
  answerForView,
  answerOf,
  guardedDisk,
  mutate,
  mutations,
  mutationsInPlace,
  StepLimit,
  withinMemory,
} from './fuzz.js';

/** The canaries of the fuzz tests: each kind of bad decoder is caught. */
describe('what the fuzz tests refuse', () => {
  const damage = { file: 'f', offsetBytes: 0, expected: 'a', found: 'b' };

  it('is any error that is not fair', () => {
    expect(answerOf(() => 7)).toEqual({ value: 7 });
    expect(answerOf(() => fail(new CorruptionError(damage)))).toHaveProperty('refused');
    expect(answerOf(() => fail(new StemeError('STEME_UNSUPPORTED', 'newer')))).toHaveProperty('refused');
    for (const error of [new RangeError('r'), new TypeError('t'), new StemeError('STEME_IO', 'io')]) {
      expect(() => answerOf(() => fail(error))).toThrow(error);
    }
  });

  it('is a byte read before or behind the range', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(answerForRange(bytes, (source, start, end) => [source[start], source[end - 1]])).toEqual({ value: [1, 3] });
    expect(() => answerForRange(bytes, (source, _, end) => source[end])).toThrow('changed the answer');
    expect(() => answerForRange(bytes, (source, start) => source[start - 1])).toThrow('changed the answer');
    const behindView = (view: Uint8Array): number => new Uint8Array(view.buffer, view.byteOffset, 4)[3];
    expect(() => answerForView(bytes, behindView)).toThrow('changed the answer');
  });

  it('is memory taken for a claim', () => {
    expect(withinMemory(MIB, () => 'none')).toBe('none');
    expect(() => withinMemory(MIB, () => new Uint8Array(20 * MIB))).toThrow('bytes of memory');
    expect(() => answerForView(Uint8Array.of(1), () => new Uint8Array(64 * MIB))).toThrow('bytes of memory');
  });

  it('is a walk in a circle', () => {
    const limit = new StepLimit(3);
    expect(() => {
      for (;;) limit.step();
    }).toThrow('it hangs');
  });

  it('is a read behind the end of a file, and a file that is read for ever', () => {
    const memory = new MemoryFileSystem();
    writeFile(memory, '/f', Uint8Array.of(1, 2, 3));
    const handle = guardedDisk(memory, 4).openSync('/f', 'read');
    expect(handle.readSync(new Uint8Array(3), 0)).toBe(3);
    expect(() => handle.readSync(new Uint8Array(3), 1)).toThrow('which has 3 bytes');
    expect(() => handle.readSync(new Uint8Array(1), 2 ** 40)).toThrow('which has 3 bytes');
    expect(() => handle.readSync(new Uint8Array(1), 0)).toThrow('it hangs');
  });
});

describe('the damage of the fuzz tests', () => {
  const good = Uint8Array.from({ length: 100 }, (_, i) => i);

  it('keeps every byte in its place where it says so', () => {
    const property = fc.property(mutationsInPlace, (how) => {
      expect(mutate(good, how)).toHaveLength(good.length);
    });
    fc.assert(property, { seed: 1, numRuns: 500 });
  });

  it('touches no original, takes empty bytes too, and nearly always shows', () => {
    let changedCount = 0;
    const property = fc.property(mutations, (how) => {
      expect(mutate(new Uint8Array(0), how).length).toBeLessThanOrEqual(80);
      if (Buffer.compare(mutate(good, how), good) !== 0) changedCount++;
      expect(good[50]).toBe(50);
    });
    fc.assert(property, { seed: 1, numRuns: 500 });
    expect(changedCount).toBeGreaterThan(450);
  });
});

function fail(error: Error): never {
  throw error;
}
