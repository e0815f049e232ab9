import { describe, expect, it } from 'vitest';
import { DIRECT_IO_BLOCK_BYTES, WAL_BATCH_BYTES, WAL_BATCH_SLOTS } from '../../src/base/limits.js';
import { FRAME_FULL } from '../../src/log/log-format.js';
import { BatchRing } from '../../src/wal/batch-ring.js';
import { WriteGroup } from '../../src/wal/write-group.js';

const RING_BYTES = WAL_BATCH_BYTES * WAL_BATCH_SLOTS;

function addFrame(ring: BatchRing, group: WriteGroup, bytes: number): number {
  const start = ring.openFrame();
  if (start !== -1) ring.finishFrame(start, start + bytes, FRAME_FULL, group);
  return start;
}

describe('the batch ring', () => {
  it('puts frames back to back, so that a group is one piece', () => {
    const ring = new BatchRing(8);
    const group = new WriteGroup(0);
    expect([addFrame(ring, group, 100), addFrame(ring, group, 61), addFrame(ring, group, 8)]).toEqual([0, 104, 168]);
    expect(group.pieces).toEqual([{ start: 0, end: 176 }]);
    expect(group.frames.map(({ start, end }) => [start, end])).toEqual([
      [0, 100],
      [104, 165],
      [168, 176],
    ]);
  });

  it('starts frames on whole blocks for direct I/O', () => {
    const ring = new BatchRing(DIRECT_IO_BLOCK_BYTES);
    const group = new WriteGroup(0);
    addFrame(ring, group, 100);
    expect(addFrame(ring, group, 100)).toBe(DIRECT_IO_BLOCK_BYTES);
    expect(group.pieces).toEqual([{ start: 0, end: 2 * DIRECT_IO_BLOCK_BYTES }]);
  });

  it('zeroes the padding, whatever stood there before', () => {
    const ring = new BatchRing(8);
    ring.bytes.fill(0xff);
    addFrame(ring, new WriteGroup(0), 100);
    expect([...ring.bytes.subarray(98, 106)]).toEqual([0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff]);
  });

  it('takes nothing up by a frame that is opened and not finished', () => {
    const ring = new BatchRing(8);
    expect([ring.openFrame(), ring.openFrame(), ring.openFrame()]).toEqual([0, 0, 0]);
  });

  it('is full when a whole frame does not fit, and free again after the release', () => {
    const ring = new BatchRing(8);
    const group = new WriteGroup(0);
    for (let i = 0; i < WAL_BATCH_SLOTS; i++) expect(addFrame(ring, group, WAL_BATCH_BYTES)).toBe(i * WAL_BATCH_BYTES);
    expect(ring.openFrame()).toBe(-1);
    ring.release(group.ringMark);
    expect(ring.openFrame()).toBe(0);
  });

  it('skips an end that is too short for a frame, and the group goes on as a second piece', () => {
    const ring = new BatchRing(8);
    const first = new WriteGroup(0);
    for (let i = 0; i < WAL_BATCH_SLOTS; i++) addFrame(ring, first, WAL_BATCH_BYTES - 8);
    ring.release(first.ringMark);
    const second = new WriteGroup(0);
    // 128 bytes are left at the end: too few for a frame of unknown size.
    expect(addFrame(ring, second, 16)).toBe(0);
    expect(second.pieces).toEqual([{ start: 0, end: 16 }]);
  });

  it('never hands out what is in flight', () => {
    const ring = new BatchRing(8);
    const inFlight: WriteGroup[] = [];
    const taken = new Uint8Array(RING_BYTES);
    for (let i = 0; i < 2000; i++) {
      const group = new WriteGroup(0);
      const bytes = 1 + ((i * 7919) % (WAL_BATCH_BYTES - 1));
      const start = addFrame(ring, group, bytes);
      if (start === -1) {
        const oldest = inFlight.shift();
        if (oldest === undefined) throw new Error('a ring with nothing in flight is full');
        for (const piece of oldest.pieces) taken.fill(0, piece.start, piece.end);
        ring.release(oldest.ringMark);
        continue;
      }
      for (const piece of group.pieces) {
        expect(taken.subarray(piece.start, piece.end).every((byte) => byte === 0)).toBe(true);
        taken.fill(1, piece.start, piece.end);
      }
      inFlight.push(group);
    }
  });
});
