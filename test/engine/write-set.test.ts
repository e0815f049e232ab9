import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KIND_DELETE, KIND_PUT, KIND_RANGE_DELETE } from '../../src/base/internal-key.js';
import type { Operation } from '../../src/engine/write-queue.js';
import { WriteSet } from '../../src/engine/write-set.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openOn } from '../support/test-database.js';

function operation(kind: Operation['kind'], key: string, value: string): Operation {
  return { kind, key: Buffer.from(key), value: Buffer.from(value) };
}

const key = fc.constantFrom('a', 'b', 'ba', 'c', 'd', 'e');
const step = fc.oneof(
  fc.record({ kind: fc.constant(KIND_PUT), key, value: fc.string({ maxLength: 3 }) }),
  fc.record({ kind: fc.constant(KIND_DELETE), key, value: fc.constant('') }),
  fc.record({ kind: fc.constant(KIND_RANGE_DELETE), key, value: key }).filter(({ key: start, value }) => start < value),
);

/** What the operations, in this order, make of what was stored. */
function applied(operations: Iterable<{ kind: number; key: string; value: string }>): Map<string, string> {
  const state = new Map(['a', 'b', 'ba', 'c', 'd', 'e'].map((each) => [each, 'stored']));
  for (const { kind, key: start, value } of operations) {
    if (kind === KIND_PUT) state.set(start, value);
    else if (kind === KIND_DELETE) state.delete(start);
    else for (const each of [...state.keys()]) if (each >= start && each < value) state.delete(each);
  }
  return state;
}

describe('what a transaction has written', () => {
  it('comes to the same as its operations one after another, in a batch and in reads', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const writes = new WriteSet();
        for (const each of steps) {
          const next = operation(each.kind, each.key, each.value);
          if (each.kind === KIND_RANGE_DELETE) writes.deleteRange(next);
          else writes.add(next);
        }
        const expected = applied(steps);
        const batch = writes.operations().map((each) => ({
          kind: each.kind,
          key: `${Buffer.from(each.key)}`,
          value: `${Buffer.from(each.value)}`,
        }));
        expect(applied(batch)).toEqual(expected);
        for (const each of ['a', 'b', 'ba', 'c', 'd', 'e']) {
          const own = writes.find(Buffer.from(each));
          const stored = writes.isInDeletedRange(Buffer.from(each)) ? undefined : 'stored';
          const seen = own === undefined ? stored : own.kind === KIND_DELETE ? undefined : `${Buffer.from(own.value)}`;
          expect(seen).toBe(expected.get(each));
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('keeps a view as it was, whatever is written later', () => {
    const writes = new WriteSet();
    writes.add(operation(KIND_PUT, 'b', '1'));
    const view = writes.view();
    writes.add(operation(KIND_PUT, 'a', '2'));
    writes.add(operation(KIND_PUT, 'b', '3'));
    writes.deleteRange(operation(KIND_RANGE_DELETE, 'a', 'z'));
    expect(view.entries.map((each) => `${Buffer.from(each.key)}=${Buffer.from(each.value)}`)).toEqual(['b=1']);
    expect(view.deletedRanges).toEqual([]);
    expect(writes.view().entries).toEqual([]);
  });

  it('joins ranges that overlap or touch', () => {
    const writes = new WriteSet();
    for (const [start, end] of [
      ['a', 'b'],
      ['x', 'z'],
      ['c', 'd'],
      ['b', 'c'],
      ['m', 'n'],
      ['l', 'o'],
    ]) {
      writes.deleteRange(operation(KIND_RANGE_DELETE, start, end));
    }
    expect(writes.view().deletedRanges.map(({ start, end }) => `${Buffer.from(start)}${Buffer.from(end)}`)).toEqual([
      'ad',
      'lo',
      'xz',
    ]);
  });
});

it('a transaction sees its own range deletes, and what it puts into them', async () => {
  await using db = await openOn(new MemoryFileSystem());
  await db.batch(['a', 'b', 'c', 'd', 'e'].map((each) => ({ type: 'put', key: each, value: 'stored' })));
  const rolledBack = db.transaction(async (tx) => {
    tx.put('bb', 'own');
    tx.deleteRange('b', 'e');
    tx.put('c', 'own');
    expect((await tx.getMany(['a', 'b', 'bb', 'c', 'd', 'e'])).map(String)).toEqual([
      'stored',
      'undefined',
      'undefined',
      'own',
      'undefined',
      'stored',
    ]);
    const keys = (reverse: boolean): string[] =>
      tx
        .iterator({ reverse })
        .nextvSync(10)
        .map(([each]) => `${each}`);
    expect(keys(false)).toEqual(['a', 'c', 'e']);
    expect(keys(true)).toEqual(['e', 'c', 'a']);
    throw new Error('that was all');
  });
  await expect(rolledBack).rejects.toThrow('that was all');
});
