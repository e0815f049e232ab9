import { describe, expect, it } from 'vitest';
import { MIB } from '../../src/base/limits.js';
import {
  allocatePageAlignedMemory,
  allocateSharedMemory,
  allocateUnalignedMemory,
  isPageAligned,
} from '../../src/base/shared-memory.js';

describe('shared memory that is not written to a disk as it stands', () => {
  it('takes what it holds where it is small, not pages', () => {
    expect(allocateUnalignedMemory(4096).byteLength).toBe(4096);
    expect(allocateSharedMemory(4096).byteLength).toBe(65_536);
  });

  it.each([0, 1, 13, MIB - 1, MIB, MIB + 1])('of %i bytes is shared, zeroed and whole words', (bytes) => {
    const memory = allocateUnalignedMemory(bytes);
    expect(memory).toBeInstanceOf(SharedArrayBuffer);
    expect(memory.byteLength).toBeGreaterThanOrEqual(bytes);
    expect(new Float64Array(memory).every((word) => word === 0)).toBe(true);
  });
});

describe('page-aligned memory of one thread', () => {
  it.each([1, 65_536, MIB + 1])('of %i bytes is not shared, zeroed and whole pages', (bytes) => {
    const memory = allocatePageAlignedMemory(bytes);
    expect(memory).toBeInstanceOf(ArrayBuffer);
    expect(memory.byteLength).toBe(Math.ceil(bytes / 65_536) * 65_536);
    expect(new Uint8Array(memory).every((byte) => byte === 0)).toBe(true);
    expect([memory, allocateSharedMemory(bytes), new ArrayBuffer(65_536)].map(isPageAligned)).toEqual([
      true,
      true,
      false,
    ]);
  });
});
