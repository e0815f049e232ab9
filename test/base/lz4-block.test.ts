import { compressSync, uncompressSync } from 'lz4-napi';
import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../../src/base/errors.js';
import { KIB } from '../../src/base/limits.js';
import { Lz4Decoder } from '../../src/base/lz4.js';
import { decodeLz4Block, viewedBytes } from '../../src/base/lz4-block.js';
import { Prng } from '../../src/base/prng.js';

const LENGTH_BYTES = 4;

/** Random bytes between repetitions of what stood `distance` bytes before. */
function repetitive(random: Prng, length: number): Buffer {
  const content = random.fill(Buffer.alloc(length)) as Buffer;
  for (let at = 1; at < length; ) {
    const distance = 1 + random.below(random.chance(0.5) ? Math.min(at, 12) : at);
    const end = Math.min(length, at + random.below(random.chance(0.1) ? 3000 : 60));
    for (; at < end; at++) content[at] = content[at - distance];
    at += random.below(random.chance(0.1) ? 3000 : 60);
  }
  return content;
}

/** What `block` decodes to in the middle of other bytes, or -1. Other bytes around it must change nothing. */
function decode(block: Uint8Array, limit: number): Buffer | -1 {
  const answers = [0x00, 0xff].map((around) => {
    const source = viewedBytes(new ArrayBuffer(block.length + 64));
    source.bytes.fill(around).set(block, 32);
    const target = viewedBytes(new ArrayBuffer(limit + 32));
    target.bytes.fill(around);
    const length = decodeLz4Block(source, 32, 32 + block.length, target, limit);
    expect(target.bytes.subarray(limit).every((byte) => byte === around)).toBe(true);
    return length < 0 ? -1 : Buffer.from(target.bytes.slice(0, length));
  });
  expect(answers[0]).toEqual(answers[1]);
  return answers[0];
}

describe('an LZ4 block', () => {
  it('is decoded as the addon does it, whatever repeats in it and however far back', () => {
    const random = new Prng(1);
    for (let run = 0; run < 100; run++) {
      const content = repetitive(random, 1 + random.below(run < 40 ? 40 : 20_000));
      const stored = compressSync(content);
      expect(decode(stored.subarray(LENGTH_BYTES), content.length), `run ${run}`).toEqual(content);
    }
  });

  it('is decoded as the addon does it where all of it is one byte, two, three', () => {
    for (const period of [1, 2, 3, 4, 5, 7, 8, 9]) {
      const content = Buffer.alloc(2000);
      for (let i = 0; i < content.length; i++) content[i] = i % period;
      expect(decode(compressSync(content).subarray(LENGTH_BYTES), content.length), `${period}`).toEqual(content);
    }
  });

  it('is nothing where its target is too small, or where it is cut off', () => {
    const content = repetitive(new Prng(2), 1000);
    const block = compressSync(content).subarray(LENGTH_BYTES);
    for (let limit = 0; limit < content.length; limit += 7) expect(decode(block, limit)).toBe(-1);
    for (let length = 0; length < block.length; length++) {
      const decoded = decode(block.subarray(0, length), content.length);
      if (decoded !== -1) expect(decoded).toEqual(content.subarray(0, decoded.length));
    }
  });

  it('is nothing where a match begins before the content, or nowhere', () => {
    expect(decode(Uint8Array.of(0x10, 0x61, 1, 0, 0x00), 100)).toEqual(Buffer.from('aaaaa'));
    expect(decode(Uint8Array.of(0x10, 0x61, 2, 0, 0x00), 100)).toBe(-1);
    expect(decode(Uint8Array.of(0x10, 0x61, 0, 0, 0x00), 100)).toBe(-1);
  });

  it('of any bytes is what the addon makes of them, or nothing', () => {
    const random = new Prng(3);
    let decodedCount = 0;
    for (let run = 0; run < 4000; run++) {
      const stored = Uint8Array.from(compressSync(repetitive(random, 1 + random.below(300))));
      for (let harms = random.below(3); harms >= 0; harms--) {
        stored[LENGTH_BYTES + random.below(stored.length - LENGTH_BYTES)] = random.nextUint32();
      }
      const limit = 1 + random.below(600);
      const decoded = decode(stored.subarray(LENGTH_BYTES), limit);
      if (decoded === -1) continue;
      decodedCount++;
      stored.set(Uint8Array.of(decoded.length, decoded.length >> 8, 0, 0));
      if (decoded.length > 0) expect(decoded, `run ${run}`).toEqual(uncompressSync(stored));
    }
    expect(decodedCount).toBeGreaterThan(200);
  });
});

describe('an LZ4 decoder', () => {
  it('takes the same memory again, and for rare large content memory of its own', () => {
    const decoder = new Lz4Decoder();
    const decodeAll = (content: Buffer): Uint8Array => decoder.decode(compressSync(content), content.length, 'x', 0);
    const first = decodeAll(Buffer.alloc(1000, 'a'));
    expect(Buffer.from(first)).toEqual(Buffer.alloc(1000, 'a'));
    expect(decodeAll(Buffer.alloc(900, 'b')).buffer).toBe(first.buffer);
    expect(Buffer.from(decodeAll(Buffer.alloc(300 * KIB, 'c')))).toEqual(Buffer.alloc(300 * KIB, 'c'));
    expect(decodeAll(Buffer.alloc(1000, 'd')).buffer).toBe(first.buffer);
  });

  it('refuses a claim that is not the length, and one above the limit', () => {
    const stored = compressSync(Buffer.alloc(1000, 'a'));
    for (const claimed of [999, 1001, 1]) {
      stored.writeUInt32LE(claimed);
      expect(() => new Lz4Decoder().decode(stored, 2000, 'x', 5), String(claimed)).toThrow(CorruptionError);
    }
    expect(() => new Lz4Decoder().decode(stored, 0, 'x', 5)).toThrow('a claim of 1 bytes');
  });
});
