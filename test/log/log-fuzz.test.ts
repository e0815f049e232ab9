import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readUint32, writeUint32 } from '../../src/base/bytes.js';
import { crc32c } from '../../src/base/checksum.js';
import { MIB } from '../../src/base/limits.js';
import {
  FRAME_FIRST,
  FRAME_FULL,
  FRAME_HEADER,
  FRAME_HEADER_BYTES,
  FRAME_LAST,
  FRAME_MIDDLE,
} from '../../src/log/log-format.js';
import type { LogEvent } from '../../src/log/log-reader.js';
import { answerOfPromise, fuzzRuns, guardedDisk, mutate, mutations, mutationsInPlace } from '../support/fuzz.js';
import { eventsOf, frameOf, IDENTITY, memoryWith, PATH } from './log-bytes.js';

/**
 * The WAL, the manifest and the quarantine journals are read by this reader.
 */
const OPTIONS = fuzzRuns(300);
const STALE_IDENTITY = 0x0ddba11;
const LOOK_ALIKE = 0x000f_0000;

interface Log {
  readonly frames: readonly Uint8Array[];
  readonly records: readonly string[];
}

/** A log with records of one to four frames. */
function logOf(records: readonly (readonly Uint8Array[])[], alignmentBytes: number): Log {
  const frames = [frameOf({ payload: 'header', ordinal: 0, type: FRAME_HEADER, alignmentBytes })];
  for (const pieces of records) {
    pieces.forEach((payload, i) => {
      frames.push(frameOf({ payload, ordinal: frames.length, type: typeOf(i, pieces.length), alignmentBytes }));
    });
  }
  return { frames, records: ['header', ...records.map((pieces) => Buffer.concat(pieces).toString('latin1'))] };
}

function typeOf(index: number, count: number): number {
  if (count === 1) return FRAME_FULL;
  if (index === 0) return FRAME_FIRST;
  return index === count - 1 ? FRAME_LAST : FRAME_MIDDLE;
}

const alignments = fc.constantFrom(8, 4096);
const recordLists = fc.array(fc.array(fc.uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 4 }), {
  maxLength: 8,
});

function latin1Of(events: readonly LogEvent[]): string[] {
  return events.flatMap((event) => (event.kind === 'record' ? [Buffer.from(event.payload).toString('latin1')] : []));
}

/** Every event moves forward, and what is read was written, in the order in which it was written. */
function expectHonest(events: readonly LogEvent[], log: Log): void {
  let position = 0;
  for (const text of latin1Of(events)) {
    const at = log.records.indexOf(text, position);
    expect(at).toBeGreaterThanOrEqual(position);
    position = at + 1;
  }
  let offsetBytes = 0;
  for (const event of events) {
    if (event.kind !== 'record') continue;
    expect(event.offsetBytes).toBeGreaterThanOrEqual(offsetBytes);
    offsetBytes = event.endBytes;
  }
}

/** All events of a file of `bytes`, nothing of which is read behind its end: each frame costs a few reads at most. */
async function eventsOfBytes(
  bytes: Uint8Array,
  options: { readonly alignmentBytes?: number; readonly resume?: boolean } = {},
): Promise<LogEvent[]> {
  return eventsOf(guardedDisk(await memoryWith({ [PATH]: bytes }), 4 + bytes.length), options);
}

describe('a log reader over hostile bytes', () => {
  it('ends on any bytes at all, without a record', async () => {
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 4000 }), alignments, async (bytes, alignmentBytes) => {
      const events = await eventsOfBytes(bytes, { alignmentBytes, resume: true });
      expect(latin1Of(events)).toEqual([]);
      expect(events.at(-1)).toMatchObject({ kind: 'end', endBytes: 0 });
    });
    await fc.assert(property, OPTIONS);
  });

  it('ends on any run of well-sealed frames, however little sense they make', async () => {
    const frame = fc.record({
      payload: fc.uint8Array({ maxLength: 100 }),
      ordinal: fc.nat(6),
      type: fc.nat(6),
      durableMark: fc.constantFrom(0, 3, Number.MAX_SAFE_INTEGER, 2 ** 60),
      identity: fc.constantFrom(IDENTITY, STALE_IDENTITY),
    });
    const property = fc.asyncProperty(fc.array(frame, { maxLength: 12 }), async (specs) => {
      const bytes = Buffer.concat(specs.map((spec) => frameOf(spec)));
      const events = await eventsOfBytes(bytes, { resume: true });
      expect(events.length).toBeLessThanOrEqual(2 * specs.length + 1);
      expect(events.at(-1)?.kind).toBe('end');
    });
    await fc.assert(property, fuzzRuns(2000));
  });

  it('reads back exactly what a log holds, whatever stale frames follow', async () => {
    const property = fc.asyncProperty(
      recordLists,
      recordLists,
      alignments,
      async (records, staleRecords, alignmentBytes) => {
        const log = logOf(records, alignmentBytes);
        const stale = staleRecords.flat().map((payload, i) => {
          return frameOf({ payload, ordinal: log.frames.length + i, identity: STALE_IDENTITY, alignmentBytes });
        });
        const events = await eventsOfBytes(Buffer.concat([...log.frames, ...stale]), { alignmentBytes });
        expect(latin1Of(events)).toEqual(log.records);
        expect(events.at(-1)).toMatchObject({ kind: 'end', endBytes: Buffer.concat(log.frames).length, isTorn: false });
      },
    );
    await fc.assert(property, OPTIONS);
  });

  it('reads whole records up to any truncation', async () => {
    const property = fc.asyncProperty(recordLists, alignments, fc.nat(), async (records, alignmentBytes, at) => {
      const log = logOf(records, alignmentBytes);
      const whole = Buffer.concat(log.frames);
      const events = await eventsOfBytes(whole.subarray(0, at % (whole.length + 1)), { alignmentBytes, resume: true });
      const texts = latin1Of(events);
      expect(texts).toEqual(log.records.slice(0, texts.length));
      expect(events.every((event) => event.kind !== 'damage')).toBe(true);
    });
    await fc.assert(property, OPTIONS);
  });

  it('never gives a record that was not written when its bytes are damaged', async () => {
    const property = fc.asyncProperty(recordLists, alignments, mutations, async (records, alignmentBytes, how) => {
      const log = logOf(records, alignmentBytes);
      const bytes = mutate(Buffer.concat(log.frames), how);
      expectHonest(await eventsOfBytes(bytes, { alignmentBytes, resume: true }), log);
    });
    await fc.assert(property, OPTIONS);
  });

  it('refuses to look on where every eight bytes look like a frame of a megabyte, instead of checking each', async () => {
    const bytes = new Uint8Array(2 * MIB);
    // Identity and payload length are one number, so that each of its places is a header.
    for (let at = 0; at < bytes.length; at += 4) writeUint32(bytes, at, LOOK_ALIKE);
    const disk = guardedDisk(await memoryWith({ [PATH]: bytes }), 20);
    const answer = await answerOfPromise(() => eventsOf(disk, { identity: LOOK_ALIKE }));
    expect(answer).toHaveProperty('refused', expect.stringContaining(PATH));
  });

  it('ends on headers whose checksums were made to fit the damage', async () => {
    const heads = fc.array(fc.tuple(fc.nat(7), mutationsInPlace), { minLength: 1, maxLength: 3 });
    const property = fc.asyncProperty(recordLists, heads, async (records, changes) => {
      const { frames } = logOf(records, 8);
      for (const [i, how] of changes) resealHeader(frames[i % frames.length], how);
      const events = await eventsOfBytes(Buffer.concat(frames), { resume: true });
      expect(events.at(-1)?.kind).toBe('end');
      // An event is a frame, or leads to one further on.
      expect(events.length).toBeLessThanOrEqual(2 * frames.length + 1);
    });
    await fc.assert(property, OPTIONS);
  });

  it('never changes the order of records when frames are dropped, doubled, swapped or replaced by stale ones', async () => {
    const shuffles = fc.array(
      fc.tuple(fc.constantFrom('drop', 'double', 'swap', 'stale', 'zero'), fc.nat(), fc.nat()),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    const property = fc.asyncProperty(recordLists, alignments, shuffles, async (records, alignmentBytes, changes) => {
      const log = logOf(records, alignmentBytes);
      const frames = [...log.frames];
      for (const [change, i, j] of changes) disturb(frames, change, i, j, alignmentBytes);
      expectHonest(await eventsOfBytes(Buffer.concat(frames), { alignmentBytes, resume: true }), log);
    });
    await fc.assert(property, OPTIONS);
  });
});

/** Damages length, identity, ordinal, mark or type of a frame, and seals as many bytes as it now claims, if there are so many. */
function resealHeader(frame: Uint8Array, how: Parameters<typeof mutate>[1]): void {
  frame.set(mutate(frame.subarray(4, FRAME_HEADER_BYTES), how), 4);
  const claimedEnd = Math.min(frame.length, FRAME_HEADER_BYTES + readUint32(frame, 4));
  writeUint32(frame, 0, crc32c(frame.subarray(4, claimedEnd)));
}

function disturb(frames: Uint8Array[], change: string, i: number, j: number, alignmentBytes: number): void {
  if (frames.length === 0) return;
  const a = i % frames.length;
  const b = j % frames.length;
  const frame = frames[a];
  if (change === 'drop') frames.splice(a, 1);
  else if (change === 'double') frames.splice(b, 0, frame);
  else if (change === 'zero') frames[a] = new Uint8Array(frame.length);
  else if (change === 'stale')
    frames[a] = frameOf({ payload: 'stale', ordinal: a, identity: STALE_IDENTITY, alignmentBytes });
  else [frames[a], frames[b]] = [frames[b], frame];
}
