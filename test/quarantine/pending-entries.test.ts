import { describe, expect, it } from 'vitest';
import { type EncodedEntry, withBytes } from '../../src/quarantine/encoded-entry.js';
import { PendingEntries } from '../../src/quarantine/pending-entries.js';
import { draftOf } from './journal-rig.js';

const LENGTH = 100;

function entryOf(number: number, id: string): EncodedEntry {
  return withBytes({ ...draftOf('a', 'payload', { id }), number }, Buffer.alloc(LENGTH));
}

function entriesWith(ids: readonly string[]): PendingEntries {
  const pending = new PendingEntries();
  for (const [index, id] of ids.entries()) pending.add(entryOf(index + 1, id));
  return pending;
}

describe('entries that are in no segment yet', () => {
  it('are found by their ids, the last one of each', () => {
    const pending = entriesWith(['x', 'y', 'x']);
    expect(['x', 'y', 'z'].map((id) => pending.lastNumberOf(id))).toEqual([3, 2, undefined]);
  });

  it('are forgotten from the front, and what is left is still found', () => {
    const pending = entriesWith(['x', 'y', 'x', 'z']);
    expect(pending.dropUpTo(2)).toBe(2 * LENGTH);
    expect(['x', 'y', 'z'].map((id) => pending.lastNumberOf(id))).toEqual([3, undefined, 4]);
    expect(pending).toMatchObject({ count: 2, firstEntry: 3, payloadBytes: 2 * 'payload'.length });
    expect(pending.dropUpTo(1)).toBe(0);
    expect(pending.dropUpTo(9)).toBe(2 * LENGTH);
    expect(pending).toMatchObject({ count: 0, firstEntry: undefined, payloadBytes: 0 });
    expect(pending.lastNumberOf('x')).toBeUndefined();
  });

  it('are found by ids that came, or went, after the first one was asked for', () => {
    const pending = entriesWith(['x', 'y']);
    expect(pending.lastNumberOf('y')).toBe(2);
    pending.add(entryOf(3, 'y'));
    pending.add(entryOf(4, 'z'));
    pending.dropUpTo(2);
    expect(['x', 'y', 'z'].map((id) => pending.lastNumberOf(id))).toEqual([undefined, 3, 4]);
    pending.dropUpTo(4);
    pending.add(entryOf(5, 'x'));
    expect(['x', 'y'].map((id) => pending.lastNumberOf(id))).toEqual([5, undefined]);
  });

  it('are not walked over for an id', () => {
    let looks = 0;
    const pending = new PendingEntries();
    for (let number = 1; number <= 1000; number++) {
      const watched = new Proxy(entryOf(number, `id ${number}`), {
        get: (target, name) => {
          looks++;
          return Reflect.get(target, name);
        },
      });
      pending.add(watched);
    }
    // The first look makes the map.
    expect(pending.lastNumberOf('nothing')).toBeUndefined();
    const before = looks;
    expect(pending.lastNumberOf('id 1000')).toBe(1000);
    expect(pending.lastNumberOf('nothing')).toBeUndefined();
    expect(looks).toBe(before);
  });
});
