import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../../src/base/errors.js';
import type { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { killedWithFourSegments, killedWithOneSegment } from '../support/log-damage.js';
import {
  code,
  contentsOf,
  DIRECTORY,
  filesOf,
  flipBit,
  keysOf,
  openOn,
  withDatabase,
} from '../support/test-database.js';

const STOP = { walRecovery: 'stop-at-damage' } as const;

/** Opens with `stop-at-damage`, writes, and checks that the next opens need no option and find everything. */
async function expectUsableAfterwards(disk: MemoryFileSystem, keptKeys: readonly string[]): Promise<void> {
  await withDatabase(disk, STOP, async (db) => {
    expect(await keysOf(db)).toEqual(keptKeys);
    await db.put('zz', 'new');
  });
  const expected = [...keptKeys, 'zz'];
  expect((await contentsOf(disk)).map(([key]) => key)).toEqual(expected);
  for (let seed = 1; seed <= 3; seed++) {
    expect((await contentsOf(disk.crashClone(seed))).map(([key]) => key)).toEqual(expected);
  }
  await withDatabase(disk, {}, async (db) => {
    await db.compact();
    expect(await keysOf(db)).toEqual(expected);
  });
}

// law 6
describe('a log that is damaged before acknowledged records', () => {
  it('is refused with file, offset and proof, wherever the bit was flipped', async () => {
    const { disk, name, offsets } = await killedWithOneSegment();
    for (let at = offsets[1]; at < offsets[2] - 7; at += 3) {
      await flipBit(disk, name, at, at % 8);
      for (const options of [{}, { readOnly: true }]) {
        const error: unknown = await openOn(disk, options).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(CorruptionError);
        expect(error).toMatchObject({ damage: { file: name, offsetBytes: offsets[1] } });
      }
      await flipBit(disk, name, at, at % 8);
    }
    expect(await contentsOf(disk)).toHaveLength(5);
  });

  it('opens with stop-at-damage as far as it is whole, and keeps the damaged segment under another name', async () => {
    const { disk, name, offsets } = await killedWithOneSegment();
    await flipBit(disk, name, offsets[1] + 40);
    await expectUsableAfterwards(disk, ['a']);
    expect(await filesOf(disk, '.damaged')).toEqual([`${name}.damaged`]);
  });

  it('shows what is whole with stop-at-damage and readOnly, and writes nothing', async () => {
    const { disk, name, offsets } = await killedWithOneSegment();
    await flipBit(disk, name, offsets[1] + 40);
    const before = await disk.list(DIRECTORY);
    expect((await contentsOf(disk, STOP)).map(([key]) => key)).toEqual(['a']);
    expect(await disk.list(DIRECTORY)).toEqual(before);
  });

  it('may be opened with stop-at-damage and closed without a write: it is whole from then on', async () => {
    const { disk, name, offsets } = await killedWithOneSegment();
    await flipBit(disk, name, offsets[2] + 40);
    await withDatabase(disk, STOP, () => undefined);
    expect((await contentsOf(disk)).map(([key]) => key)).toEqual(['a', 'b']);
  });
});

describe('a log of which a segment is missing', () => {
  it.each([0, 1, 2])('is refused by the name of the segment (number %i of four)', async (index) => {
    const { disk, names } = await killedWithFourSegments();
    await disk.remove(`${DIRECTORY}/${names[index]}`);
    const error: unknown = await openOn(disk).catch((thrown: unknown) => thrown);
    expect(error).toEqual(code('STEME_CORRUPTION'));
    expect(`${error}`).toContain(names[index]);
    expect(`${error}`).toContain('missing segment');
  });

  it.each([0, 1, 2])(
    'opens with stop-at-damage up to the gap, and goes on from there (number %i of four)',
    async (index) => {
      const { disk, names } = await killedWithFourSegments();
      await disk.remove(`${DIRECTORY}/${names[index]}`);
      const kept = await withDatabase(disk.clone(), STOP, (db) => keysOf(db));
      const all = Array.from({ length: 40 }, (_, i) => String(i).padStart(2, '0'));
      expect(kept).toEqual(all.slice(0, kept.length));
      expect(kept.length > 0).toBe(index > 0);
      await expectUsableAfterwards(disk, kept);
      const damaged = await filesOf(disk, '.damaged');
      for (const name of names.slice(index + 1)) expect(damaged).toContain(`${name}.damaged`);
    },
  );

  it('has lost what only its last segment held, which nothing can tell; the rest is there', async () => {
    const { disk, names } = await killedWithFourSegments();
    await disk.remove(`${DIRECTORY}/${names[3]}`);
    const keys = (await contentsOf(disk)).map(([key]) => key);
    expect(keys.length).toBeGreaterThan(20);
  });
});

describe('a log whose first segment has lost its header', () => {
  it('is refused, and opens with stop-at-damage for good', async () => {
    const { disk, names } = await killedWithFourSegments();
    await flipBit(disk, names[0], 40);
    await expect(openOn(disk)).rejects.toEqual(code('STEME_CORRUPTION'));
    const kept = await withDatabase(disk.clone(), STOP, (db) => keysOf(db));
    expect(kept).toEqual([]);
    await expectUsableAfterwards(disk, kept);
  });
});
