import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { ScratchBytes } from '../../src/read/scratch-bytes.js';

describe('ScratchBytes', () => {
  const lengths = [0, 1, 48, 49, 255, 256, 257, 511, 512, 513, 65_536, 3];

  it('holds a copy of any length, one after the other', () => {
    const scratch = new ScratchBytes();
    const prng = new Prng(1);
    for (const length of lengths) {
      const source = prng.fill(new Uint8Array(length + 4));
      const expected = Buffer.from(source.subarray(2, 2 + length));
      scratch.copyFrom(source, 2, 2 + length);
      expect(scratch.equals(source, 2, 2 + length)).toBe(true);
      source.fill(0);
      expect(scratch.length).toBe(length);
      expect(expected.equals(scratch.view())).toBe(true);
    }
  });

  it('gives the copy with a zero byte behind it, whatever stood there', () => {
    const scratch = new ScratchBytes();
    for (const length of lengths) {
      scratch.copyFrom(new Uint8Array(length + 1).fill(7), 0, length + 1);
      scratch.copyFrom(new Uint8Array(length).fill(9), 0, length);
      const expected = Buffer.concat([Buffer.alloc(length, 9), Buffer.of(0)]);
      expect(expected.equals(scratch.successor())).toBe(true);
      expect(scratch.length).toBe(length);
    }
    // An exact fit leaves no room that an earlier, longer copy made.
    const fresh = new ScratchBytes();
    fresh.copyFrom(new Uint8Array(256).fill(9), 0, 256);
    expect(fresh.successor()).toHaveLength(257);
  });

  it('equals no bytes of another length or with another byte at either end', () => {
    const scratch = new ScratchBytes();
    scratch.copyFrom(Uint8Array.of(1, 2, 3), 0, 3);
    const others = [[1, 2], [1, 2, 3, 0], [9, 2, 3], [1, 2, 9], []];
    for (const other of others) expect(scratch.equals(Uint8Array.from(other), 0, other.length)).toBe(false);
  });
});
