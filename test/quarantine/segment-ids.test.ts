import { describe, expect, it } from 'vitest';
import { SegmentIds } from '../../src/quarantine/segment-ids.js';
import type { SegmentContentEvent } from '../../src/quarantine/segment-reader.js';
import { memoryWith } from '../log/log-bytes.js';
import { draftOf, openJournal } from './journal-rig.js';

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('the last entry of an id', () => {
  it('is found in memory, in the segment that is written, and in those before it', async () => {
    const fileSystem = await memoryWith({});
    const { journal } = await openJournal(fileSystem, { segmentBytesMax: 600 });
    const append = (id: string): Promise<unknown> => journal.append(draftOf('a', 'x'.repeat(100), { id }));
    for (const i of range(1, 21)) await append(`id ${i}`);
    await journal.settle();
    await append('id 3');
    await append('id 21');
    expect(await journal.lastNumberOf('a', 'id 21')).toBe(22);
    expect(await journal.lastNumberOf('a', 'id 3')).toBe(21);
    expect(await journal.lastNumberOf('a', 'id 4')).toBe(4);
    expect(await journal.lastNumberOf('a', 'id 5000')).toBeUndefined();
    expect(await journal.lastNumberOf('b', 'id 4')).toBeUndefined();
    await journal.close();
    const again = await openJournal(fileSystem);
    for (const i of range(1, 22))
      expect(await again.journal.lastNumberOf('a', `id ${i}`)).toBe(i === 3 ? 21 : i === 21 ? 22 : i);
    await again.journal.close();
  });

  it('is found where a segment grew since the last look', async () => {
    const { journal } = await openJournal(await memoryWith({}));
    for (const i of range(1, 6)) {
      await journal.append(draftOf('a', 'x', { id: `id ${i}` }));
      await journal.settle();
      for (const j of range(1, i + 1)) expect(await journal.lastNumberOf('a', `id ${j}`)).toBe(j);
    }
    await journal.close();
  });

  it('costs one read of a segment, however many of its ids are asked for', async () => {
    const { journal } = await openJournal(await memoryWith({}), { segmentBytesMax: 4000 });
    await Promise.all(range(1, 201).map((i) => journal.append(draftOf('a', 'x'.repeat(100), { id: `id ${i}` }))));
    await journal.settle();
    const { segmentCount } = await journal.totalsOf('a');
    expect(segmentCount).toBeGreaterThan(5);
    const numbers = await Promise.all(range(1, 201).map((i) => journal.lastNumberOf('a', `id ${i}`)));
    expect(numbers).toEqual(range(1, 201));
    expect(journal.segmentOpens).toBeLessThanOrEqual(segmentCount);
    await journal.close();
  });

  it('is not found in a segment that was removed', async () => {
    const { journal } = await openJournal(await memoryWith({}));
    await journal.append(draftOf('a', 'x', { id: 'gone' }));
    await journal.settle();
    expect(await journal.lastNumberOf('a', 'gone')).toBe(1);
    await journal.remove('a', () => true);
    expect(await journal.lastNumberOf('a', 'gone')).toBeUndefined();
    await journal.close();
  });
});

describe('the ids of segments', () => {
  async function* eventsWith(id: string): AsyncGenerator<SegmentContentEvent[]> {
    yield [{ kind: 'entry', offsetBytes: 0, entry: { ...draftOf('a', 'x', { id }), number: 1 } }];
  }

  it('are remembered up to so many bytes, the last ones asked for', async () => {
    const ids = new SegmentIds(400);
    const reads: string[] = [];
    const look = async (path: string): Promise<void> => {
      await ids.of(path, 1, () => {
        reads.push(path);
        return eventsWith('x'.repeat(50));
      });
    };
    for (const path of ['1', '2', '1', '3', '1', '2', '3']) await look(path);
    expect(reads).toEqual(['1', '2', '3', '2', '3']);
  });

  it('are read again after a read that failed', async () => {
    const ids = new SegmentIds();
    const failing = async function* (): AsyncGenerator<SegmentContentEvent[]> {
      yield* eventsWith('x');
      throw new Error('no disk');
    };
    await expect(ids.of('1', 1, failing)).rejects.toThrow('no disk');
    expect([...(await ids.of('1', 1, () => eventsWith('y')))]).toEqual([['y', 1]]);
  });
});
