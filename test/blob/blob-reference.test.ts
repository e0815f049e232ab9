import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../../src/base/errors.js';
import { VALUE_BYTES_MAX } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { BLOB_REFERENCE_BYTES_MAX, readBlobReference, writeBlobReference } from '../../src/blob/blob-reference.js';

const REFERENCE = { number: 300, offsetBytes: 24, storedBytes: 100, valueBytes: 5000 };

function encoded(reference: typeof REFERENCE): Uint8Array {
  const target = new Uint8Array(BLOB_REFERENCE_BYTES_MAX);
  return target.subarray(0, writeBlobReference(target, 0, reference));
}

function read(bytes: Uint8Array): unknown {
  return readBlobReference(bytes, 0, bytes.length);
}

describe('a reference to a value in a blob file', () => {
  it('comes back from where it stands, however large its numbers', () => {
    const largest = { ...REFERENCE, number: 2 ** 52, offsetBytes: 2 ** 52, valueBytes: VALUE_BYTES_MAX };
    for (const reference of [REFERENCE, largest]) {
      const bytes = encoded(reference);
      const source = Buffer.concat([Buffer.alloc(3, 255), bytes, Buffer.alloc(3, 255)]);
      expect(readBlobReference(source, 3, 3 + bytes.length)).toEqual(reference);
    }
    expect(Buffer.from(encoded(REFERENCE)).toString('hex')).toBe('ac0218648827');
  });

  it('is refused when it is cut short or has something behind it', () => {
    const bytes = encoded(REFERENCE);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => read(bytes.subarray(0, length)), String(length)).toThrow(CorruptionError);
    }
    expect(() => read(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(CorruptionError);
  });

  it('is refused where it claims what no value can be', () => {
    const impossible = [
      { number: 0 },
      { offsetBytes: 23 },
      { storedBytes: 0 },
      { storedBytes: 5001 },
      { valueBytes: VALUE_BYTES_MAX + 1 },
      { storedBytes: VALUE_BYTES_MAX + 1, valueBytes: VALUE_BYTES_MAX + 1 },
    ];
    for (const claim of impossible) {
      expect(() => read(encoded({ ...REFERENCE, ...claim })), JSON.stringify(claim)).toThrow(CorruptionError);
    }
  });

  it('is one within the limits or refused, whatever the bytes are', () => {
    const prng = new Prng(7);
    for (let i = 0; i < 20_000; i++) {
      const bytes = prng.fill(new Uint8Array(prng.below(20)));
      // Small bytes make short varints, so that some come through.
      if (i % 2 === 0) for (let at = 0; at < bytes.length; at++) bytes[at] &= 0x7f;
      try {
        const reference = readBlobReference(bytes, 0, bytes.length);
        expect(Buffer.from(encoded(reference)).length).toBeLessThanOrEqual(bytes.length);
        expect(reference.storedBytes).toBeLessThanOrEqual(VALUE_BYTES_MAX);
      } catch (error) {
        expect(error).toBeInstanceOf(CorruptionError);
      }
    }
  });
});
