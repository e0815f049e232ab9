import { describe, expect, it } from 'vitest';
import { HashSet } from '../../src/base/hash-set.js';
import { buildIdFilter, hashId, isIdFilter, mayHoldId } from '../../src/quarantine/id-filter.js';

function filterOf(prefix: string, count: number): Uint8Array {
  const hashes = new HashSet();
  for (let i = 0; i < count; i++) hashes.add(hashId(`${prefix}-${i}`));
  return buildIdFilter(hashes);
}

describe('the filter of the ids of a segment', () => {
  it('never denies an id that was added', () => {
    for (const count of [1, 2, 7, 100, 5000]) {
      const filter = filterOf('a', count);
      expect(isIdFilter(filter)).toBe(true);
      for (let i = 0; i < count; i++) expect(mayHoldId(filter, hashId(`a-${i}`))).toBe(true);
    }
  });

  it('lets through hardly any other id', () => {
    const filter = filterOf('a', 2000);
    let passed = 0;
    for (let i = 0; i < 400_000; i++) if (mayHoldId(filter, hashId(`b-${i}`))) passed++;
    // A tenth of one is expected.
    expect(passed).toBeLessThanOrEqual(2);
  });

  it.each([1, 20])('tells ids apart in the small filters of small segments as well, of %i ids', (count) => {
    const filters = Array.from({ length: 2000 }, (_, segment) => filterOf(`segment ${segment}`, count));
    for (let i = 0; i < 500; i++) {
      const hash = hashId(`another ${i}`);
      expect(filters.filter((filter) => mayHoldId(filter, hash)).length).toBeLessThanOrEqual(1);
    }
  });

  it('holds nothing where there is no id', () => {
    const filter = buildIdFilter(new HashSet());
    expect(isIdFilter(filter)).toBe(true);
    expect(mayHoldId(filter, hashId('a'))).toBe(false);
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['a length that is not its own', filterOf('a', 3).subarray(0, 10)],
    ['no probes', Uint8Array.from([8, 0, 0, 0, 0, 0, 0, 0, 1])],
    ['too many probes', Uint8Array.from([8, 0, 0, 0, 65, 0, 0, 0, 1])],
    ['bits that are no whole bytes', Uint8Array.from([7, 0, 0, 0, 16, 0, 0, 0, 1])],
  ])('is not %s', (_name, bytes) => {
    expect(isIdFilter(bytes)).toBe(false);
  });
});
