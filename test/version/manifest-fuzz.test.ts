import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CURRENT_NAME, manifestName } from '../../src/base/file-names.js';
import { FRAME_FULL, FRAME_HEADER } from '../../src/log/log-format.js';
import { decodeCurrent, encodeCurrent } from '../../src/version/current-file.js';
import { decodeManifestHeader, encodeManifestHeader, manifestIdentity } from '../../src/version/manifest-header.js';
import { readCurrent, readManifest } from '../../src/version/manifest-reader.js';
import type { VersionEdit } from '../../src/version/version-edit.js';
import { decodeVersionEdit } from '../../src/version/version-edit-decoder.js';
import { encodeVersionEdit } from '../../src/version/version-edit-encoder.js';
import { frameOf, memoryWith } from '../log/log-bytes.js';
import {
  answerForView,
  answerOfPromise,
  fuzzRuns,
  guardedDisk,
  hostile,
  type Mutation,
  mutate,
  mutations,
} from '../support/fuzz.js';
import { added, edit, numbersOf, table } from './tables.js';

const NUMBER = 2;
const FILE = manifestName(NUMBER);
const PLACE = { file: FILE, offsetBytes: 48 };
const DATABASE_ID = 0xfeedf00d;

const blobUses = [{ number: 4, valueCount: 2, valueBytes: 9000 }];
const EDITS: readonly VersionEdit[] = [
  edit({
    isSnapshot: true,
    databaseId: DATABASE_ID,
    comparatorName: 'steme.bytewise',
    logNumber: 1,
    nextFileNumber: 3,
    lastSequence: 0,
  }),
  {
    ...added(0, table(3, 'apple', 'pear', { blobUses })),
    addedBlobs: [{ number: 4, fileBytes: 9100, valueCount: 2, valueBytes: 9000 }],
    logNumber: 5,
    nextFileNumber: 6,
    lastSequence: 39,
  },
  {
    ...added(
      1,
      table(7, 'k', 'q', { rangeDeleteCount: 2, isLargestKeyExclusive: true }),
      table(8, 's', 'z', { globalSequence: 50, expiringCount: 1, largestExpiryMs: 9 }),
    ),
    nextFileNumber: 9,
  },
  { ...added(2, table(7, 'k', 'q')), deletedTables: [{ level: 1, number: 7 }], nextFileNumber: 10 },
];

describe('a version edit of any content', () => {
  const decode = (payload: Uint8Array): VersionEdit => decodeVersionEdit(payload, PLACE);

  it('is read back the same once it is written again, or is refused', () => {
    const property = fc.property(hostile(EDITS.map(encodeVersionEdit)), (payload) => {
      const answer = answerForView(payload, decode);
      if ('value' in answer) expect(decode(encodeVersionEdit(answer.value))).toEqual(answer.value);
    });
    fc.assert(property, fuzzRuns(3000));
  });

  it('is refused where it says when the last of no entries expires', () => {
    const good = encodeVersionEdit(added(0, table(8, 's', 'z', { expiringCount: 1, largestExpiryMs: 9 })));
    const countAt = Buffer.from(good).lastIndexOf(Buffer.of(5, 2, 1, 9)) + 2;
    const bad = Uint8Array.from(good);
    bad[countAt] = 0;
    expect(answerForView(good, decode)).toHaveProperty('value');
    expect(answerForView(bad, decode)).toHaveProperty('refused');
  });
});

describe('a manifest header of any content', () => {
  const good = encodeManifestHeader({ databaseId: DATABASE_ID, manifestNumber: NUMBER });

  it('is sixteen bytes of this format, or is refused', () => {
    const property = fc.property(hostile([good], 30), (payload) => {
      const answer = answerForView(payload, (view) => decodeManifestHeader(view, FILE));
      if ('value' in answer) expect(payload).toHaveLength(16);
    });
    fc.assert(property, fuzzRuns(1000));
  });
});

describe('a CURRENT of any content', () => {
  it('is to the letter what names that manifest, or is refused', () => {
    const property = fc.property(hostile([encodeCurrent(2), encodeCurrent(1_234_567)], 80), (content) => {
      const answer = answerForView(content, decodeCurrent);
      if ('value' in answer) expect(Buffer.from(encodeCurrent(answer.value))).toEqual(Buffer.from(content));
    });
    fc.assert(property, fuzzRuns(2000));
  });

  it('is read no further than a CURRENT can be long', async () => {
    const property = fc.asyncProperty(hostile([encodeCurrent(2)], 5000), async (content) => {
      const disk = await memoryWith({ [`/db/${CURRENT_NAME}`]: content });
      await answerOfPromise(() => readCurrent(guardedDisk(disk, 20), '/db'));
    });
    await fc.assert(property, fuzzRuns(300));
  });
});

const PAYLOADS = [
  encodeManifestHeader({ databaseId: DATABASE_ID, manifestNumber: NUMBER }),
  ...EDITS.map((each) => Uint8Array.from(encodeVersionEdit(each))),
];

function sealed(payloads: readonly Uint8Array[]): Uint8Array {
  const identity = manifestIdentity(NUMBER);
  const frames = payloads.map((payload, ordinal) => {
    const type = ordinal === 0 ? FRAME_HEADER : FRAME_FULL;
    return frameOf({ payload, ordinal, type, identity, durableMark: ordinal });
  });
  return Buffer.concat(frames);
}

async function read(bytes: Uint8Array) {
  const disk = await memoryWith({ [`/db/${FILE}`]: bytes });
  const { version, ...scalars } = await readManifest(guardedDisk(disk, 200), '/db', NUMBER);
  return { ...scalars, levels: numbersOf(version), blobNumbers: [...version.blobs.keys()] };
}

/** What holds for every state that a manifest can add up to. */
function expectSound({ nextFileNumber, levels, blobNumbers }: Awaited<ReturnType<typeof read>>): void {
  // A number is given out once: the next file must not be one that is there.
  expect([...levels.flat(), ...blobNumbers].every((number) => number < nextFileNumber)).toBe(true);
}

describe('a manifest whose checksums were made to fit the damage', () => {
  it('adds up to the state when there is none', async () => {
    const state = await read(sealed(PAYLOADS));
    expect(state).toMatchObject({ databaseId: DATABASE_ID, logNumber: 5, nextFileNumber: 10, lastSequence: 39 });
    expect(state.levels.slice(0, 3)).toEqual([[3], [8], [7]]);
    expectSound(state);
  });

  it.each([
    ['table 7', edit({ ...added(1, table(7, 'k', 'q')), nextFileNumber: 7 })],
    ['blob file 70', edit({ addedBlobs: [{ number: 70, fileBytes: 100, valueCount: 1, valueBytes: 70 }] })],
  ])('is refused where a new file would overwrite %s', async (file, bad) => {
    const payloads = [...PAYLOADS.slice(0, 3), Uint8Array.from(encodeVersionEdit(bad))];
    const { refused } = (await answerOfPromise(() => read(sealed(payloads)))) as { refused: string };
    expect(refused).toContain(`found ${file}`);
  });

  it('adds up to a sound state, or is refused', async () => {
    const changes = fc.array(fc.tuple(fc.nat(PAYLOADS.length - 1), mutations), { minLength: 1, maxLength: 2 });
    let refusedCount = 0;
    const property = fc.asyncProperty(changes, async (damages) => {
      const payloads = [...PAYLOADS];
      for (const [i, how] of damages) payloads[i] = mutate(payloads[i], how);
      const answer = await answerOfPromise(() => read(sealed(payloads)));
      if ('value' in answer) expectSound(answer.value);
      else refusedCount++;
    });
    await fc.assert(property, fuzzRuns(600));
    expect(refusedCount).toBeGreaterThan(0);
  });
});

describe('a manifest of damaged bytes', () => {
  it('adds up to a state that it had, or is refused', async () => {
    const whole = sealed(PAYLOADS);
    const states = [2, 3, 4, 5].map((count) => sealed(PAYLOADS.slice(0, count)));
    const known = new Set((await Promise.all(states.map(read))).map((state) => JSON.stringify(state)));
    const property = fc.asyncProperty(mutations, async (how: readonly Mutation[]) => {
      const answer = await answerOfPromise(() => read(mutate(whole, how)));
      if ('value' in answer) expect(known).toContain(JSON.stringify(answer.value));
    });
    await fc.assert(property, fuzzRuns(600));
  });
});
