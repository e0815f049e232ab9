import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../../src/base/errors.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { DURABILITY_KINDS, TracingFileSystem } from '../../src/fs/tracing-file-system.js';
import { FRAME_FIRST, FRAME_FULL, FRAME_HEADER_BYTES, logIdentity } from '../../src/log/log-format.js';
import { frameOf, memoryWith } from '../log/log-bytes.js';
import {
  DATABASE_ID,
  putsFrom,
  type RecordSpec,
  recordOf,
  replay,
  segmentFrames,
  segmentOf,
  segmentsOnDisk,
  upTo,
} from './wal-bytes.js';

/** Three records of three; each was written when the one before it was durable. */
const RECORDS: readonly RecordSpec[] = [
  { first: 1, last: 3, mark: 0 },
  { first: 4, last: 6, mark: 3 },
  { first: 7, last: 9, mark: 6 },
];
/** The same, written before anything was durable. */
const UNSAFE = RECORDS.map((record) => ({ ...record, mark: 0 }));

const ZEROS = Buffer.alloc(65_536);

function flipped(frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  copy[FRAME_HEADER_BYTES + 9] ^= 0x40;
  return copy;
}

/** Segment 5 with two records and segment 6 with one. */
function twoSegments(records: readonly RecordSpec[], headerMark: number): { five: Buffer[]; six: Buffer[] } {
  const five = segmentFrames({ number: 5 }, records.slice(0, 2));
  const predecessor = { number: 5, endBytes: Buffer.concat(five).length };
  return { five, six: segmentFrames({ number: 6, predecessor, headerMark }, records.slice(2)) };
}

describe('replay of a whole log', () => {
  it('hands out every record in order and says where the log ends', async () => {
    const bytes = segmentOf({ number: 5 }, RECORDS);
    const fileSystem = await segmentsOnDisk({ 5: Buffer.concat([bytes, ZEROS]) });
    const { result, sequences } = await replay(fileSystem, [5]);
    expect(sequences).toEqual(upTo(9));
    expect(result).toEqual({
      chain: [{ number: 5, endBytes: bytes.length }],
      obsoleteNumbers: [],
      tornTail: undefined,
      damage: undefined,
      records: 3,
      operations: 9,
      bytes: putsFrom(1, 3).length + putsFrom(4, 3).length + putsFrom(7, 3).length,
      lastSequence: 9,
    });
  });

  it('follows the chain over segments, whatever the order in which they are listed', async () => {
    const { five, six } = twoSegments(RECORDS, 6);
    const fileSystem = await segmentsOnDisk({ 5: Buffer.concat(five), 6: Buffer.concat([...six, ZEROS]) });
    const { result, sequences } = await replay(fileSystem, [6, 5]);
    expect(sequences).toEqual(upTo(9));
    expect(result.chain.map(({ number }) => number)).toEqual([5, 6]);
  });

  it('reads segments of direct I/O, whose frames stand on whole blocks', async () => {
    const bytes = segmentOf({ number: 5, alignmentBytes: 4096 }, RECORDS);
    const fileSystem = await segmentsOnDisk({ 5: bytes });
    const { result, sequences } = await replay(fileSystem, [5]);
    expect(sequences).toEqual(upTo(9));
    expect(result.chain).toEqual([{ number: 5, endBytes: 4 * 4096 }]);
  });

  it('does not read what the recycled file held before', async () => {
    const stale = segmentOf({ number: 3 }, RECORDS);
    const fresh = segmentOf({ number: 5 }, RECORDS.slice(0, 1));
    const fileSystem = await segmentsOnDisk({ 5: Buffer.concat([fresh, stale.subarray(fresh.length)]) });
    const { result, sequences } = await replay(fileSystem, [5]);
    expect(sequences).toEqual([1, 2, 3]);
    expect(result.tornTail).toBeUndefined();
  });

  it('leaves segments before the first unflushed one alone', async () => {
    const { five, six } = twoSegments(RECORDS, 6);
    const fileSystem = await segmentsOnDisk({ 5: flipped(Buffer.concat(five)), 6: Buffer.concat(six) });
    const { result, sequences } = await replay(fileSystem, [5, 6], { firstNumber: 6, flushedSequence: 6 });
    expect(sequences).toEqual([7, 8, 9]);
    expect(result.obsoleteNumbers).toEqual([5]);
  });

  it('is empty for a first segment that was never started', async () => {
    const fileSystem = await segmentsOnDisk({ 5: ZEROS });
    const { result } = await replay(fileSystem, [5], { flushedSequence: 41 });
    expect(result).toMatchObject({
      chain: [],
      obsoleteNumbers: [5],
      tornTail: undefined,
      records: 0,
      lastSequence: 41,
    });
  });

  it('makes every segment that it keeps durable before it returns', async () => {
    const { five, six } = twoSegments(RECORDS, 6);
    const memory = await segmentsOnDisk({ 5: Buffer.concat(five), 6: Buffer.concat(six), 7: ZEROS });
    const fileSystem = new TracingFileSystem(memory, '/db', DURABILITY_KINDS);
    await replay(fileSystem, [5, 6, 7]);
    expect(fileSystem.lines.filter((line) => !line.endsWith(' read'))).toEqual([
      'open 000005.log update',
      'datasync 000005.log',
      'open 000006.log update',
      'datasync 000006.log',
    ]);
  });

  it('fails when that sync fails', async () => {
    const memory = await segmentsOnDisk({ 5: segmentOf({ number: 5 }, RECORDS) });
    const fileSystem = new FaultyFileSystem(memory, [{ kind: 'datasync', nth: 1 }]);
    await expect(replay(fileSystem, [5])).rejects.toMatchObject({ code: 'STEME_IO' });
  });

  it('touches nothing when it may only read', async () => {
    const memory = await segmentsOnDisk({ 5: segmentOf({ number: 5 }, RECORDS) });
    const fileSystem = new TracingFileSystem(memory, '/db', DURABILITY_KINDS);
    await replay(fileSystem, [5], { readOnly: true });
    expect(new Set(fileSystem.lines)).toEqual(new Set(['open 000005.log read']));
  });

  it('waits for the receiver of each record', async () => {
    const fileSystem = await segmentsOnDisk({ 5: segmentOf({ number: 5 }, RECORDS) });
    const steps: string[] = [];
    const onRecord = async () => {
      steps.push('start');
      await new Promise((resolve) => setImmediate(resolve));
      steps.push('end');
    };
    await replay(fileSystem, [5], { onRecord });
    expect(steps).toEqual(['start', 'end', 'start', 'end', 'start', 'end']);
  });
});

describe('a torn tail', () => {
  const frames = segmentFrames({ number: 5 }, RECORDS);
  const offsetOfLast = Buffer.concat(frames.slice(0, 3)).length;

  it('is dropped at any byte where the last record was cut off', async () => {
    const whole = Buffer.concat(frames);
    for (let cut = offsetOfLast + 1; cut < whole.length - 7; cut += 5) {
      const fileSystem = await segmentsOnDisk({ 5: whole.subarray(0, cut) });
      const { result, sequences } = await replay(fileSystem, [5]);
      expect(sequences).toEqual(upTo(6));
      expect(result.chain).toEqual([{ number: 5, endBytes: offsetOfLast }]);
      expect(result.tornTail).toEqual({ file: '000005.log', offsetBytes: offsetOfLast });
    }
  });

  it('is dropped where its last record does not hold', async () => {
    const fileSystem = await segmentsOnDisk({ 5: Buffer.concat([...frames.slice(0, 3), flipped(frames[3]), ZEROS]) });
    const { result, sequences } = await replay(fileSystem, [5]);
    expect(sequences).toEqual(upTo(6));
    expect(result.tornTail).toEqual({ file: '000005.log', offsetBytes: offsetOfLast });
  });

  it('is dropped with later records that outlived the same crash', async () => {
    const [header, one, two, three] = segmentFrames({ number: 5 }, UNSAFE);
    const fileSystem = await segmentsOnDisk({ 5: Buffer.concat([header, one, flipped(two), three]) });
    const { result, sequences } = await replay(fileSystem, [5]);
    expect(sequences).toEqual([1, 2, 3]);
    expect(result.chain).toEqual([{ number: 5, endBytes: header.length + one.length }]);
  });

  it('takes later segments of the same crash with it', async () => {
    const { five, six } = twoSegments(UNSAFE, 3);
    const fileSystem = await segmentsOnDisk({
      5: Buffer.concat([...five.slice(0, 2), flipped(five[2])]),
      6: Buffer.concat(six),
    });
    const { result, sequences } = await replay(fileSystem, [5, 6]);
    expect(sequences).toEqual([1, 2, 3]);
    expect(result).toMatchObject({ chain: [{ number: 5 }], obsoleteNumbers: [6], lastSequence: 3 });
    expect(result.tornTail?.file).toBe('000005.log');
  });

  it('is where a segment ends before its successor says', async () => {
    const { five, six } = twoSegments(UNSAFE, 3);
    const fileSystem = await segmentsOnDisk({ 5: Buffer.concat([...five.slice(0, 2), ZEROS]), 6: Buffer.concat(six) });
    const { result, sequences } = await replay(fileSystem, [5, 6]);
    expect(sequences).toEqual([1, 2, 3]);
    expect(result.tornTail).toEqual({ file: '000005.log', offsetBytes: Buffer.concat(five.slice(0, 2)).length });
  });

  it('may have taken the header of a segment that was never safe, while its successor got one', async () => {
    const { five } = twoSegments(UNSAFE, 0);
    const six = segmentOf({ number: 6, predecessor: { number: 5, endBytes: 160 } }, []);
    const fileSystem = await segmentsOnDisk({ 5: Buffer.concat([ZEROS.subarray(0, 80), ...five.slice(1)]), 6: six });
    const { result, sequences } = await replay(fileSystem, [5, 6]);
    expect(sequences).toEqual([]);
    expect(result).toMatchObject({
      chain: [],
      obsoleteNumbers: [5, 6],
      tornTail: { file: '000005.log', offsetBytes: 0 },
    });
  });

  it('is found again in the same place when a new segment goes on from there', async () => {
    const kept = Buffer.concat(frames.slice(0, 3));
    const predecessor = { number: 5, endBytes: kept.length };
    const seven = segmentOf({ number: 7, predecessor, headerMark: 6 }, [{ first: 7, last: 9, mark: 6 }]);
    const fileSystem = await segmentsOnDisk({ 5: Buffer.concat([kept, flipped(frames[3])]), 6: ZEROS, 7: seven });
    const { result, sequences } = await replay(fileSystem, [5, 6, 7]);
    expect(sequences).toEqual(upTo(9));
    expect(result).toMatchObject({ obsoleteNumbers: [6], tornTail: undefined });
    expect(result.chain.map(({ number }) => number)).toEqual([5, 7]);
  });
});

describe('damage', () => {
  it('is a bad record before one that says it was durable', async () => {
    const [header, one, two, three] = segmentFrames({ number: 5 }, RECORDS);
    const fileSystem = await segmentsOnDisk({ 5: Buffer.concat([header, one, flipped(two), three]) });
    const error: unknown = await replay(fileSystem, [5]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CorruptionError);
    expect(error).toMatchObject({
      code: 'STEME_CORRUPTION',
      damage: {
        file: '000005.log',
        offsetBytes: header.length + one.length,
        expected: 'a frame whose checksum holds',
        found: expect.stringMatching(/another checksum; sequence 6 was durable, says 000005\.log at byte \d+/),
      },
    });
  });

  it('with the option to stop keeps what stands before it and reports the rest', async () => {
    const [header, one, two, three] = segmentFrames({ number: 5 }, RECORDS);
    const fileSystem = await segmentsOnDisk({ 5: Buffer.concat([header, one, flipped(two), three]) });
    const { result, sequences } = await replay(fileSystem, [5], { onDamage: 'stop' });
    expect(sequences).toEqual([1, 2, 3]);
    expect(result).toMatchObject({
      tornTail: undefined,
      damage: { offsetBytes: header.length + one.length },
      lastSequence: 3,
    });
    expect(result.chain).toEqual([{ number: 5, endBytes: header.length + one.length }]);
  });

  it('is proven by a frame far behind, past others that prove nothing', async () => {
    const records = Array.from({ length: 50 }, (_, i) => ({ first: i + 1, last: i + 1, mark: i < 49 ? 1 : 2 }));
    const frames = segmentFrames({ number: 5 }, records);
    frames[2] = flipped(frames[2]);
    const fileSystem = await segmentsOnDisk({ 5: Buffer.concat(frames) });
    await expect(replay(fileSystem, [5])).rejects.toThrow(/sequence 2 was durable/);
  });

  it.each([
    ['the header of a later segment', RECORDS, 6],
    ['a record of a later segment', RECORDS, 0],
  ])('is proven by %s', async (_name, records, headerMark) => {
    const { five, six } = twoSegments(records, headerMark);
    const fileSystem = await segmentsOnDisk({
      5: Buffer.concat([...five.slice(0, 2), flipped(five[2])]),
      6: Buffer.concat(six),
    });
    await expect(replay(fileSystem, [5, 6])).rejects.toThrow(/000005\.log is damaged .* says 000006\.log/);
  });

  it('is proven by a record of a newer segment whose header is lost', async () => {
    const { five, six } = twoSegments(RECORDS, 6);
    const headless = Buffer.concat([ZEROS.subarray(0, 80), ...six.slice(1)]);
    const whole = await segmentsOnDisk({ 5: Buffer.concat(five), 6: headless });
    expect((await replay(whole, [5, 6])).sequences).toEqual(upTo(6));
    const torn = await segmentsOnDisk({ 5: Buffer.concat([...five.slice(0, 2), flipped(five[2])]), 6: headless });
    await expect(replay(torn, [5, 6])).rejects.toThrow(/000005\.log is damaged .* says 000006\.log/);
  });

  it('is a segment that ends cleanly while a newer, headerless one says that more was durable', async () => {
    const { five } = twoSegments(RECORDS, 6);
    const six = segmentFrames({ number: 6 }, [...RECORDS.slice(2), { first: 10, last: 12, mark: 9 }]);
    const fileSystem = await segmentsOnDisk({
      5: Buffer.concat(five),
      6: Buffer.concat([ZEROS.subarray(0, 80), ...six.slice(1)]),
    });
    await expect(replay(fileSystem, [5, 6])).rejects.toThrow(/expected records after sequence 6/);
    const { result, sequences } = await replay(fileSystem, [5, 6], { onDamage: 'stop' });
    expect(sequences).toEqual(upTo(6));
    expect(result.damage?.file).toBe('000005.log');
  });

  it('is the lost header of the first segment when its successor says that records were durable', async () => {
    const { five, six } = twoSegments(RECORDS, 6);
    const fileSystem = await segmentsOnDisk({
      5: Buffer.concat([flipped(five[0]), ...five.slice(1)]),
      6: Buffer.concat(six),
    });
    await expect(replay(fileSystem, [5, 6])).rejects.toThrow(/000005\.log is damaged at byte 0: expected the header/);
  });

  it.each([
    ['the first segment', [6], 5, /000005\.log .* a missing segment/],
    ['a segment in the middle', [5, 7], 5, /000006\.log .* a missing segment/],
    ['every segment', [], 5, /000005\.log .* a missing segment/],
  ])('is a log from which %s is missing', async (_name, present, firstNumber, message) => {
    const { five, six } = twoSegments(RECORDS, 6);
    const predecessor = { number: 6, endBytes: Buffer.concat(six).length };
    const seven = segmentOf({ number: 7, predecessor, headerMark: 9 }, []);
    const fileSystem = await segmentsOnDisk({ 5: Buffer.concat(five), 6: Buffer.concat(six), 7: seven });
    await expect(replay(fileSystem, present, { firstNumber })).rejects.toThrow(message);
    const { result, sequences } = await replay(fileSystem, present, { firstNumber, onDamage: 'stop' });
    expect(sequences).toEqual(present.includes(5) ? upTo(6) : []);
    expect(result.damage).toMatchObject({ found: 'a missing segment' });
  });

  it.each([
    ['skips sequences', { first: 5, last: 6, mark: 0 }],
    ['repeats sequences', { first: 3, last: 6, mark: 0 }],
    ['goes back', { first: 1, last: 3, mark: 0 }],
  ])('is an intact record that %s, without further proof: no crash leaves one', async (_name, record) => {
    const fileSystem = await segmentsOnDisk({ 5: segmentOf({ number: 5 }, [RECORDS[0], record]) });
    await expect(replay(fileSystem, [5])).rejects.toThrow(/expected a record that continues at sequence 4/);
    const { sequences } = await replay(fileSystem, [5], { onDamage: 'stop' });
    expect(sequences).toEqual([1, 2, 3]);
  });

  it('is a segment whose frames are all there and that ends within a record all the same', async () => {
    const identity = logIdentity(DATABASE_ID, 5);
    const start = frameOf({ payload: putsFrom(4, 3), ordinal: 2, type: FRAME_FIRST, identity });
    const five = Buffer.concat([...segmentFrames({ number: 5 }, RECORDS.slice(0, 1)), start]);
    const six = segmentOf({ number: 6, predecessor: { number: 5, endBytes: five.length } }, []);
    const fileSystem = await segmentsOnDisk({ 5: Buffer.concat([five, ZEROS]), 6: six });
    await expect(replay(fileSystem, [5, 6])).rejects.toThrow(
      /000005\.log is damaged .* expected whole records up to byte/,
    );
    const lastOne = await replay(fileSystem, [5]);
    expect(lastOne.sequences).toEqual([1, 2, 3]);
    expect(lastOne.result.tornTail).toEqual({ file: '000005.log', offsetBytes: five.length - start.length });
  });

  it('is an intact record that is malformed, and no part of it is handed out', async () => {
    const [header, one] = segmentFrames({ number: 5 }, RECORDS);
    const good = recordOf(4, [{ kind: 1, key: Buffer.from('key 4'), value: Buffer.from('value 4') }]);
    const payload = Buffer.concat([good, Buffer.from([9])]);
    const bad = frameOf({ payload, ordinal: 2, type: FRAME_FULL, identity: logIdentity(DATABASE_ID, 5) });
    const fileSystem = await segmentsOnDisk({ 5: Buffer.concat([header, one, bad]) });
    await expect(replay(fileSystem, [5])).rejects.toThrow(/expected a kind of the log/);
    expect((await replay(fileSystem, [5], { onDamage: 'stop' })).sequences).toEqual([1, 2, 3]);
  });
});

describe('flushed records', () => {
  it('may be missing from the log', async () => {
    const records = [
      { first: 1, last: 3, mark: 0 },
      { first: 8, last: 9, mark: 7 },
    ];
    const fileSystem = await segmentsOnDisk({ 5: segmentOf({ number: 5 }, records) });
    const { result, sequences } = await replay(fileSystem, [5], { flushedSequence: 7 });
    expect(sequences).toEqual([1, 2, 3, 8, 9]);
    expect(result.lastSequence).toBe(9);
    await expect(replay(fileSystem, [5], { flushedSequence: 6 })).rejects.toThrow(/continues at sequence 7/);
  });

  it('are no loss when the tail that held them is torn, whatever later frames say', async () => {
    const [header, one, two, three] = segmentFrames({ number: 5 }, RECORDS);
    const fileSystem = await segmentsOnDisk({ 5: Buffer.concat([header, one, flipped(two), three]) });
    const { result } = await replay(fileSystem, [5], { flushedSequence: 6 });
    expect(result).toMatchObject({ lastSequence: 6, damage: undefined, tornTail: { file: '000005.log' } });
  });

  it('without being named let the log begin anywhere', async () => {
    const fileSystem = await segmentsOnDisk({ 5: segmentOf({ number: 5 }, [{ first: 700, last: 702, mark: 699 }]) });
    expect((await replay(fileSystem, [5])).sequences).toEqual([700, 701, 702]);
  });

  it('with a gap to the first record in the log are damage', async () => {
    const fileSystem = await segmentsOnDisk({ 5: segmentOf({ number: 5 }, [{ first: 700, last: 702, mark: 699 }]) });
    await expect(replay(fileSystem, [5], { flushedSequence: 690 })).rejects.toThrow(/continues at sequence 691/);
  });
});

describe('a log of another', () => {
  it('database is damage', async () => {
    const fileSystem = await segmentsOnDisk({ 5: segmentOf({ number: 5 }, RECORDS) });
    await expect(replay(fileSystem, [5], { databaseId: DATABASE_ID + 1 })).rejects.toMatchObject({
      damage: { file: '000005.log', offsetBytes: 0, found: `one of database ${DATABASE_ID}` },
    });
  });

  it('format version is refused', async () => {
    const payload = new Uint8Array(48);
    payload[0] = 2;
    const header = frameOf({ payload, ordinal: 0, type: 1, identity: logIdentity(DATABASE_ID, 5) });
    const fileSystem = await memoryWith({ '/db/000005.log': header });
    await expect(replay(fileSystem, [5])).rejects.toMatchObject({ code: 'STEME_UNSUPPORTED' });
  });
});
