import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/engine/api.js';
import { killedWithOneSegment } from '../support/log-damage.js';
import {
  contentsOf,
  entriesOf,
  keysOf,
  openOn,
  readWhole,
  replaceFile,
  withDatabase,
} from '../support/test-database.js';

function keysAndTail(db: Database) {
  return keysOf(db).then((keys) => ({ keys, tail: db.stats().recovery.tornTail }));
}

// law 6
describe('a log that ends within its last group', () => {
  it.each([
    { how: 'cut off', cut: (bytes: Uint8Array, at: number) => bytes.slice(0, at) },
    { how: 'followed by zeros', cut: (bytes: Uint8Array, at: number) => bytes.slice().fill(0, at) },
    { how: 'followed by junk', cut: (bytes: Uint8Array, at: number) => bytes.slice().fill(0xa7, at) },
  ])('and is $how there loses that group whole, at whatever byte it was torn', async ({ cut }) => {
    const { disk, name, offsets } = await killedWithOneSegment();
    const bytes = await readWhole(disk, name);
    const [start, end] = offsets.slice(-2);
    for (let at = start; at < end; at++) {
      await replaceFile(disk, name, cut(bytes, at));
      const { keys, tail } = await withDatabase(disk, { readOnly: true }, keysAndTail);
      // The last bytes of the frame are padding, which nothing needs.
      const isWhole = keys.length === 5;
      expect(keys, `cut at ${at}`).toEqual(isWhole ? ['a', 'b', 'c', 'x', 'y'] : ['a', 'b', 'c']);
      if (at < end - 7) expect(isWhole).toBe(false);
      if (at > start + 12 && !isWhole) expect(tail).toEqual({ file: name, offsetBytes: start });
    }
  });

  it('loses nothing but that group by a flipped bit in it, whichever it is', async () => {
    const { disk, name, offsets } = await killedWithOneSegment();
    const bytes = await readWhole(disk, name);
    const [start, end] = offsets.slice(-2);
    for (let at = start; at < end - 7; at++) {
      const flipped = bytes.slice();
      flipped[at] ^= 1 << (at % 8);
      await replaceFile(disk, name, flipped);
      const { keys } = await withDatabase(disk, { readOnly: true }, keysAndTail);
      expect(keys, `flipped at ${at}`).toEqual(['a', 'b', 'c']);
    }
  });

  it('goes on from there: what is written next is found, and the torn group never comes back', async () => {
    const { disk, name, offsets } = await killedWithOneSegment();
    const bytes = await readWhole(disk, name);
    await replaceFile(disk, name, bytes.slice().fill(0, offsets[3] + 40, offsets[3] + 48));
    for (const key of ['d', 'e', 'f']) await withDatabase(disk, {}, (db) => db.put(key, key.toUpperCase()));
    const keys = (await contentsOf(disk)).map(([key]) => key);
    expect(keys).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    await withDatabase(disk, {}, async (db) => {
      await db.flush();
      expect((await entriesOf(db)).map(([key]) => key)).toEqual(keys);
    });
    expect((await contentsOf(disk)).map(([key]) => key)).toEqual(keys);
  });

  it('is not reported by an open after a clean close', async () => {
    const { disk } = await killedWithOneSegment();
    await using db = await openOn(disk);
    expect(db.stats().recovery).toMatchObject({ tornTail: undefined, replayedRecords: 5, segmentCount: 1 });
  });
});
