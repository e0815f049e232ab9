import { describe, expect, it } from 'vitest';
import { LOG_FRAME_PAYLOAD_BYTES_MAX } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import {
  FRAME_FIRST,
  FRAME_FULL,
  FRAME_HEADER,
  FRAME_HEADER_BYTES,
  FRAME_LAST,
  FRAME_MIDDLE,
} from '../../src/log/log-format.js';
import { LogReader } from '../../src/log/log-reader.js';
import { eventsOf, eventsOfBytes, frameOf, framesOf, IDENTITY, memoryWith, PATH, textsOf } from './log-bytes.js';

const HEADER = frameOf({ payload: 'header', ordinal: 0, type: FRAME_HEADER });
const STALE = frameOf({ payload: 'stale', ordinal: 3, identity: 0x0ddba11 });

describe('a whole log', () => {
  it('gives its header and records in order, with where they stand and what was durable', async () => {
    const events = await eventsOfBytes(Buffer.concat(framesOf(['one', 'two'], [0, 7])));
    expect(events).toEqual([
      {
        kind: 'record',
        isHeader: true,
        payload: Buffer.from('header'),
        offsetBytes: 0,
        ordinal: 0,
        endBytes: 40,
        durableMark: 0,
      },
      {
        kind: 'record',
        isHeader: false,
        payload: Buffer.from('one'),
        offsetBytes: 40,
        ordinal: 1,
        endBytes: 80,
        durableMark: 0,
      },
      {
        kind: 'record',
        isHeader: false,
        payload: Buffer.from('two'),
        offsetBytes: 80,
        ordinal: 2,
        endBytes: 120,
        durableMark: 7,
      },
      { kind: 'end', endBytes: 120, isTorn: false },
    ]);
  });

  it('joins the frames of a record, and its mark is that of the last one', async () => {
    const bytes = Buffer.concat([
      HEADER,
      frameOf({ payload: 'a', ordinal: 1, type: FRAME_FIRST, durableMark: 1 }),
      frameOf({ payload: 'b', ordinal: 2, type: FRAME_MIDDLE, durableMark: 2 }),
      frameOf({ payload: 'c', ordinal: 3, type: FRAME_LAST, durableMark: 3 }),
    ]);
    const events = await eventsOfBytes(bytes);
    expect(events[1]).toMatchObject({ payload: Buffer.from('abc'), offsetBytes: 40, endBytes: 160, durableMark: 3 });
    expect(events[2]).toEqual({ kind: 'end', endBytes: 160, isTorn: false });
  });

  it('is read at the alignment of direct I/O', async () => {
    const alignmentBytes = 4096;
    const bytes = Buffer.concat([
      frameOf({ payload: 'header', ordinal: 0, type: FRAME_HEADER, alignmentBytes }),
      frameOf({ payload: 'x'.repeat(5000), ordinal: 1, alignmentBytes }),
      frameOf({ payload: 'two', ordinal: 2, alignmentBytes }),
    ]);
    const events = await eventsOfBytes(bytes, { alignmentBytes });
    expect(textsOf(events)).toEqual(['header', 'x'.repeat(5000), 'two']);
    expect(events.at(-1)).toEqual({ kind: 'end', endBytes: 4 * 4096, isTorn: false });
  });

  it('is read across many chunks, frames of the largest size included', async () => {
    const prng = new Prng(7);
    const sizes = [LOG_FRAME_PAYLOAD_BYTES_MAX, 0, 1, LOG_FRAME_PAYLOAD_BYTES_MAX - 1, 700_000, 700_001, 3];
    const payloads = sizes.map((size) => prng.fill(new Uint8Array(size)));
    const events = await eventsOfBytes(Buffer.concat(framesOf(payloads)));
    const read = events.flatMap((event) => (event.kind === 'record' && !event.isHeader ? [event.payload] : []));
    expect(read.map((payload) => payload.length)).toEqual(sizes);
    for (let i = 0; i < sizes.length; i++) expect(Buffer.compare(read[i], payloads[i])).toBe(0);
  });

  it('gives payloads that stay as they are while reading goes on', async () => {
    const fileSystem = await memoryWith({ [PATH]: Buffer.concat(framesOf(['first', 'second'.repeat(200_000)])) });
    const reader = await LogReader.open(fileSystem, PATH, { identity: IDENTITY });
    await reader.next();
    const first = await reader.next();
    await reader.next();
    expect(textsOf([first])).toEqual(['first']);
    await reader.close();
  });

  it('keeps saying that it has ended', async () => {
    const fileSystem = await memoryWith({ [PATH]: HEADER });
    const reader = await LogReader.open(fileSystem, PATH, { identity: IDENTITY });
    await reader.next();
    const end = { kind: 'end', endBytes: 40, isTorn: false };
    expect([await reader.next(), await reader.next()]).toEqual([end, end]);
    await reader.close();
  });
});

describe('the end of a log', () => {
  it('is clean in an empty file', async () => {
    expect(await eventsOfBytes(new Uint8Array(0))).toEqual([{ kind: 'end', endBytes: 0, isTorn: false }]);
  });

  it('is clean before the zeros of preallocated space', async () => {
    const events = await eventsOfBytes(Buffer.concat([...framesOf(['one']), new Uint8Array(100_000)]));
    expect(events.at(-1)).toEqual({ kind: 'end', endBytes: 80, isTorn: false });
  });

  it('is clean before what a recycled file held under another identity', async () => {
    const events = await eventsOfBytes(Buffer.concat([...framesOf(['one']), STALE, STALE]));
    expect(events.at(-1)).toEqual({ kind: 'end', endBytes: 80, isTorn: false });
  });

  it('is torn where a frame was cut off at any byte that tells', async () => {
    const frames = framesOf(['one', 'a longer payload of two']);
    const whole = Buffer.concat(frames);
    for (let cut = 81; cut < 80 + FRAME_HEADER_BYTES + 23; cut++) {
      const events = await eventsOfBytes(whole.subarray(0, cut));
      expect(textsOf(events)).toEqual(['header', 'one']);
      expect(events.at(-1)).toEqual({ kind: 'end', endBytes: 80, isTorn: true });
    }
  });

  it('does not miss the padding of the last frame', async () => {
    const events = await eventsOfBytes(Buffer.concat(framesOf(['one'])).subarray(0, 75));
    expect(textsOf(events)).toEqual(['header', 'one']);
    expect(events.at(-1)).toEqual({ kind: 'end', endBytes: 80, isTorn: false });
  });

  it('is torn where the checksum of the last frame does not hold', async () => {
    const bytes = Buffer.concat([...framesOf(['one', 'two']), new Uint8Array(512)]);
    bytes[80 + FRAME_HEADER_BYTES] ^= 1;
    expect((await eventsOfBytes(bytes)).at(-1)).toEqual({ kind: 'end', endBytes: 80, isTorn: true });
  });

  it('is torn where the last frame claims more than the limit, and no memory is taken for the claim', async () => {
    const bytes = Buffer.concat([...framesOf(['one', 'two']), new Uint8Array(512)]);
    bytes.writeUInt32LE(0xfffffff0, 80 + 4);
    expect((await eventsOfBytes(bytes)).at(-1)).toEqual({ kind: 'end', endBytes: 80, isTorn: true });
  });

  it('is torn at a frame above the limit even if all of it is there', async () => {
    const huge = frameOf({ payload: new Uint8Array(LOG_FRAME_PAYLOAD_BYTES_MAX + 1), ordinal: 2 });
    const bytes = Buffer.concat([...framesOf(['one']), huge, new Uint8Array(3 * LOG_FRAME_PAYLOAD_BYTES_MAX)]);
    expect((await eventsOfBytes(bytes)).at(-1)).toEqual({ kind: 'end', endBytes: 80, isTorn: true });
  });

  it('is torn where the file turns out shorter than it was when it was opened', async () => {
    const fileSystem = await memoryWith({ [PATH]: Buffer.concat(framesOf(['one', 'two'])) });
    const reader = await LogReader.open(fileSystem, PATH, { identity: IDENTITY });
    const handle = await fileSystem.open(PATH, 'update');
    await handle.truncate(100);
    const events = [await reader.next(), await reader.next(), await reader.next()];
    expect(textsOf(events)).toEqual(['header', 'one']);
    expect(events[2]).toEqual({ kind: 'end', endBytes: 80, isTorn: true });
    await handle.close();
    await reader.close();
  });

  it('is torn at the start of a record whose last frame is not there', async () => {
    const start = frameOf({ payload: 'a', ordinal: 1, type: FRAME_FIRST });
    const middle = frameOf({ payload: 'b', ordinal: 2, type: FRAME_MIDDLE });
    for (const rest of [new Uint8Array(0), new Uint8Array(4096), STALE]) {
      const events = await eventsOfBytes(Buffer.concat([HEADER, start, middle, rest]));
      expect(events.at(-1)).toEqual({ kind: 'end', endBytes: 40, isTorn: true });
      expect(textsOf(events)).toEqual(['header']);
    }
  });

  it('is where the caller says, and nothing behind it is looked at', async () => {
    const bytes = Buffer.concat(framesOf(['one', 'two', 'three'], [0, 9, 9]));
    bytes.fill(0xff, 80);
    const events = await eventsOfBytes(bytes, { endBytes: 80 });
    expect(events.at(-1)).toEqual({ kind: 'end', endBytes: 80, isTorn: false });
  });

  it('is torn where the caller says that it ends within a frame', async () => {
    const events = await eventsOfBytes(Buffer.concat(framesOf(['one', 'two'])), { endBytes: 115 - 3 });
    expect(events.at(-1)).toEqual({ kind: 'end', endBytes: 80, isTorn: true });
  });
});

describe('damage in a log', () => {
  const frames = framesOf(['one', 'two', 'three', 'four'], [0, 1, 2, 3]);

  it('is told with the next intact frame and its mark', async () => {
    const bytes = Buffer.concat(frames);
    bytes[80 + FRAME_HEADER_BYTES] ^= 0x10;
    expect((await eventsOfBytes(bytes)).at(-1)).toEqual({
      kind: 'damage',
      offsetBytes: 80,
      endBytes: 80,
      lostOrdinal: 2,
      expected: 'a frame whose checksum holds',
      found: 'another checksum',
      nextIntact: { offsetBytes: 120, durableMark: 2, ordinal: 3 },
    });
  });

  it('is told again until the reader is resumed, and reading goes on behind it', async () => {
    const bytes = Buffer.concat(frames);
    bytes[80] ^= 0x10;
    const fileSystem = await memoryWith({ [PATH]: bytes });
    const reader = await LogReader.open(fileSystem, PATH, { identity: IDENTITY });
    await reader.next();
    await reader.next();
    const damage = await reader.next();
    expect(damage.kind).toBe('damage');
    expect(await reader.next()).toBe(damage);
    reader.resume();
    const rest = [await reader.next(), await reader.next(), await reader.next()];
    expect(textsOf(rest)).toEqual(['three', 'four']);
    expect(rest[2]).toEqual({ kind: 'end', endBytes: 200, isTorn: false });
    expect(() => reader.resume()).toThrow(/resumed after damage only/);
    await reader.close();
  });

  it('is found where a frame was overwritten with zeros', async () => {
    const bytes = Buffer.concat(frames);
    bytes.fill(0, 80, 120);
    const events = await eventsOfBytes(bytes, { resume: true });
    expect(textsOf(events)).toEqual(['header', 'one', 'three', 'four']);
  });

  it('is found where frames are swapped, and no order is invented', async () => {
    const [header, one, two, three] = frames;
    const events = await eventsOfBytes(Buffer.concat([header, two, one, three]));
    expect(textsOf(events)).toEqual(['header']);
    const nextIntact = { offsetBytes: 40, durableMark: 1, ordinal: 2 };
    expect(events.at(-1)).toMatchObject({ kind: 'damage', expected: 'frame 1', found: 'frame 2', nextIntact });
  });

  it('is found where a frame stands twice', async () => {
    const [header, one, two] = frames;
    const events = await eventsOfBytes(Buffer.concat([header, one, one, two]));
    expect(textsOf(events)).toEqual(['header', 'one']);
    expect(events.at(-1)).toMatchObject({
      kind: 'damage',
      offsetBytes: 80,
      nextIntact: { offsetBytes: 120, ordinal: 2 },
    });
  });

  it('is a torn end when only an older frame stands twice', async () => {
    const [header, one, two] = frames;
    const events = await eventsOfBytes(Buffer.concat([header, one, two, one]));
    expect(events.at(-1)).toEqual({ kind: 'end', endBytes: 120, isTorn: true });
  });

  it('within a record of many frames loses that record, and only that', async () => {
    const bytes = Buffer.concat([
      HEADER,
      frameOf({ payload: 'one', ordinal: 1 }),
      frameOf({ payload: 'a', ordinal: 2, type: FRAME_FIRST }),
      frameOf({ payload: 'b', ordinal: 3, type: FRAME_MIDDLE }),
      frameOf({ payload: 'c', ordinal: 4, type: FRAME_MIDDLE }),
      frameOf({ payload: 'd', ordinal: 5, type: FRAME_LAST }),
      frameOf({ payload: 'two', ordinal: 6 }),
      frameOf({ payload: 'three', ordinal: 7 }),
    ]);
    bytes[120 + FRAME_HEADER_BYTES] ^= 1;
    const events = await eventsOfBytes(bytes, { resume: true });
    expect(textsOf(events)).toEqual(['header', 'one', 'two', 'three']);
    expect(events.filter(({ kind }) => kind === 'damage')).toHaveLength(1);
    expect(events[2]).toMatchObject({ kind: 'damage', offsetBytes: 120, endBytes: 80, lostOrdinal: 2 });
  });

  it.each([
    ['a continuation without a start', [FRAME_MIDDLE, FRAME_FULL]],
    ['an end without a start', [FRAME_LAST, FRAME_FULL]],
    ['a second start within a record', [FRAME_FIRST, FRAME_FULL]],
    ['a second header', [FRAME_HEADER, FRAME_FULL]],
    ['a frame type that nobody writes', [9, FRAME_FULL]],
  ])('is found in %s', async (_name, types) => {
    const bytes = Buffer.concat([
      HEADER,
      ...types.map((type, i) => frameOf({ payload: `record ${i + 1}`, ordinal: i + 1, type })),
    ]);
    const events = await eventsOfBytes(bytes, { resume: true });
    expect(textsOf(events)).toEqual(['header', 'record 2']);
    expect(events[1].kind).toBe('damage');
  });

  it('is found where the header is missing', async () => {
    const events = await eventsOfBytes(frameOf({ payload: 'one', ordinal: 0 }));
    expect(events).toMatchObject([{ kind: 'damage', expected: 'one header, as frame 0' }]);
  });

  it('is not made up from older frames that a payload quotes', async () => {
    const quoting = frameOf({ payload: Buffer.concat([frames[1], frames[2]]), ordinal: 3 });
    const bytes = Buffer.concat([...frames.slice(0, 3), quoting]);
    bytes[120 + FRAME_HEADER_BYTES - 1] ^= 1;
    expect((await eventsOfBytes(bytes)).at(-1)).toEqual({ kind: 'end', endBytes: 120, isTorn: true });
  });
});

describe('a changed bit', () => {
  it('anywhere in a frame is noticed, header included', async () => {
    const bytes = Buffer.concat(framesOf(['one', 'payload!', 'after']));
    const end = 80 + FRAME_HEADER_BYTES + 8;
    for (let at = 80; at < end; at++) {
      for (let bit = 0; bit < 8; bit++) {
        bytes[at] ^= 1 << bit;
        const events = await eventsOfBytes(bytes);
        expect(textsOf(events)).toEqual(['header', 'one']);
        expect(events.at(-1)).toMatchObject({ kind: 'damage', offsetBytes: 80, nextIntact: { ordinal: 3 } });
        bytes[at] ^= 1 << bit;
      }
    }
    expect(textsOf(await eventsOfBytes(bytes))).toEqual(['header', 'one', 'payload!', 'after']);
  });
});

describe('the search behind a bad frame', () => {
  it('finds an intact frame after megabytes of zeros and of other logs', async () => {
    const [header, one, , three] = framesOf(['one', 'two', 'three']);
    const zeros = new Uint8Array(3 * 1024 * 1024 + 8);
    const stale = Buffer.concat(Array.from({ length: 20_000 }, () => STALE));
    const events = await eventsOfBytes(Buffer.concat([header, one, zeros, stale, zeros, three]), { resume: true });
    expect(textsOf(events)).toEqual(['header', 'one', 'three']);
  });

  it('works for an identity that is all zeros, where every empty place looks like a candidate', async () => {
    const identity = 0;
    const frame = (payload: string, ordinal: number) =>
      frameOf({ payload, ordinal, identity, type: ordinal === 0 ? FRAME_HEADER : FRAME_FULL });
    const bytes = Buffer.concat([frame('header', 0), new Uint8Array(65_536), frame('two', 2)]);
    const events = await eventsOfBytes(bytes, { identity, resume: true });
    expect(textsOf(events)).toEqual(['header', 'two']);
    const fileSystem = await memoryWith({ [PATH]: new Uint8Array(65_536) });
    expect(await eventsOf(fileSystem, { identity })).toMatchObject([{ kind: 'end', endBytes: 0 }]);
  });
});
