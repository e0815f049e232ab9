import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  KIND_DELETE,
  KIND_LOG_MARK,
  KIND_PUT,
  KIND_PUT_EXPIRING,
  KIND_RANGE_DELETE,
} from '../../src/base/internal-key.js';
import { storedValue } from '../../src/base/stored-value.js';
import { FRAME_FULL, FRAME_HEADER, logIdentity } from '../../src/log/log-format.js';
import { replayWal } from '../../src/wal/wal-replay.js';
import { decodeSegmentHeader, encodeSegmentHeader } from '../../src/wal/wal-segment.js';
import { frameOf } from '../log/log-bytes.js';
import { answerForView, answerOfPromise, fuzzRuns, guardedDisk, hostile, mutate, mutations } from '../support/fuzz.js';
import { DATABASE_ID, operationsOf, putsFrom, recordOf, segmentFrames, segmentsOnDisk, upTo } from './wal-bytes.js';

const SOURCE = { file: '000007.log', offsetBytes: 80 };

const RECORDS = [
  putsFrom(42, 3),
  recordOf(44, [
    { kind: KIND_RANGE_DELETE, key: Buffer.from('ba'), value: Buffer.from('bc') },
    { kind: KIND_PUT_EXPIRING, key: Buffer.from('city'), value: storedValue(1_700_000_000_000, Buffer.from('Basel')) },
    { kind: KIND_LOG_MARK, key: Buffer.alloc(0) },
    { kind: KIND_DELETE, key: Buffer.from('town') },
    { kind: KIND_PUT, key: Buffer.alloc(300, 'k'), value: Buffer.alloc(400, 'v') },
  ]),
];

describe('a record of any content', () => {
  it('is operations that are written down as the same bytes, or is refused', () => {
    const property = fc.property(hostile(RECORDS), (payload) => {
      const answer = answerForView(payload, (view) => operationsOf(view, SOURCE));
      if (!('value' in answer)) return;
      const operations = answer.value;
      const again = operationsOf(recordOf(operations[0].sequence, operations), SOURCE);
      expect(again).toEqual(operations);
    });
    fc.assert(property, fuzzRuns(3000));
  });
});

describe('a segment header of any content', () => {
  const good = encodeSegmentHeader({
    databaseId: DATABASE_ID,
    number: 7,
    predecessorNumber: 5,
    predecessorEndBytes: 4096,
    alignmentBytes: 8,
    createdAtMs: 1_700_000_000_000,
  });

  it('says what is written down again without an objection, or is refused', () => {
    const property = fc.property(hostile([good], 60), (payload) => {
      const answer = answerForView(payload, (view) => decodeSegmentHeader(view, SOURCE.file));
      if (!('value' in answer)) return;
      expect(decodeSegmentHeader(encodeSegmentHeader(answer.value), SOURCE.file)).toEqual(answer.value);
    });
    fc.assert(property, fuzzRuns(3000));
  });
});

/** Three segments with eight records, sequences 1 to 24, as payloads: sealed again after they were damaged. */
const SEGMENTS = [1, 2, 3].map((number) => {
  const records = number === 3 ? [19, 22] : [(number - 1) * 9 + 1, (number - 1) * 9 + 4, (number - 1) * 9 + 7];
  const predecessor = number === 1 ? undefined : { number: number - 1, endBytes: 0 };
  return { number, predecessor, records };
});

function segmentPayloads(): Uint8Array[][] {
  let endBytes = 0;
  return SEGMENTS.map(({ number, predecessor, records }) => {
    const specs = records.map((first) => ({ first, last: first + 2, mark: first - 1 }));
    const before = predecessor && { ...predecessor, endBytes };
    const frames = segmentFrames({ number, predecessor: before }, specs);
    endBytes = Buffer.concat(frames).length;
    // The payload behind the header of its frame, without padding.
    return frames.map((frame) => Uint8Array.from(frame.subarray(32, 32 + frame.readUInt32LE(4))));
  });
}

const PAYLOADS = segmentPayloads();

/** What stands in a damaged log: which payload of which segment is damaged, and how. */
const damages = fc.array(fc.tuple(fc.nat(2), fc.nat(3), mutations), { minLength: 1, maxLength: 3 });

function sealedSegments(changes: readonly (readonly [number, number, Parameters<typeof mutate>[1]])[]) {
  const payloads = PAYLOADS.map((segment) => [...segment]);
  for (const [segment, frame, how] of changes) {
    const at = frame % payloads[segment].length;
    payloads[segment][at] = mutate(payloads[segment][at], how);
  }
  return Object.fromEntries(
    payloads.map((segment, i) => {
      const identity = logIdentity(DATABASE_ID, i + 1);
      const frames = segment.map((payload, ordinal) => {
        const type = ordinal === 0 ? FRAME_HEADER : FRAME_FULL;
        return frameOf({ payload, ordinal, type, identity });
      });
      return [i + 1, Buffer.concat(frames)];
    }),
  );
}

async function sequencesOf(segments: Record<number, Uint8Array>, onDamage: 'fail' | 'stop'): Promise<number[]> {
  const disk = await segmentsOnDisk(segments);
  const sequences: number[] = [];
  await replayWal({
    fileSystem: guardedDisk(disk, 500),
    directory: '/db',
    databaseId: DATABASE_ID,
    firstNumber: 1,
    presentNumbers: [1, 2, 3],
    onDamage,
    flushedSequence: 0,
    onRecord: (payload, place) => {
      for (const { sequence } of operationsOf(payload, place)) sequences.push(sequence);
    },
  });
  return sequences;
}

describe('a log whose checksums were made to fit the damage', () => {
  it('is replayed whole when there is none', async () => {
    expect(await sequencesOf(sealedSegments([]), 'fail')).toEqual(upTo(24));
  });

  it.each(['fail', 'stop'] as const)('is replayed without a gap, or is refused: %s', async (onDamage) => {
    let refusedCount = 0;
    const property = fc.asyncProperty(damages, async (changes) => {
      const answer = await answerOfPromise(() => sequencesOf(sealedSegments(changes), onDamage));
      if ('refused' in answer) refusedCount++;
      else expect(answer.value).toEqual(upTo(answer.value.length));
    });
    await fc.assert(property, fuzzRuns(400));
    expect(refusedCount).toBeGreaterThan(0);
  });
});

describe('a log of damaged bytes', () => {
  it('is replayed without a gap, or is refused', async () => {
    const segments = sealedSegments([]);
    const property = fc.asyncProperty(fc.integer({ min: 1, max: 3 }), mutations, async (number, how) => {
      const damaged = { ...segments, [number]: mutate(segments[number], how) };
      const answer = await answerOfPromise(() => sequencesOf(damaged, 'fail'));
      if ('value' in answer) expect(answer.value).toEqual(upTo(answer.value.length));
    });
    await fc.assert(property, fuzzRuns(400));
  });
});
