import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortableTimestamp } from '../../src/cli/record-timestamp.js';

describe('a sortable timestamp', () => {
  it.each([
    ['2026-11-23T10:23:20Z', '2026-11-23T10:23:20.000000Z'],
    ['2026-11-23 10:23:20.5', '2026-11-23T10:23:20.500000Z'],
    ['2026-11-23T10:23:20,123456789+02:00', '2026-11-23T08:23:20.123456Z'],
    ['2026-11-23T10:23-0530', '2026-11-23T15:53:00.000000Z'],
    ['2026-11-23T10:23:20 +01', '2026-11-23T09:23:20.000000Z'],
    ['2026-11-23', '2026-11-23T00:00:00.000000Z'],
    ['0099-01-01', '0099-01-01T00:00:00.000000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000000Z'],
    [' 2026-11-23 ', '2026-11-23T00:00:00.000000Z'],
    [1_700_000_000, '2023-11-14T22:13:20.000000Z'],
    [1_700_000_000.25, '2023-11-14T22:13:20.250000Z'],
    [1_700_000_000_123, '2023-11-14T22:13:20.123000Z'],
    [1_700_000_000_123_456, '2023-11-14T22:13:20.123456Z'],
    ['1700000000123456000', '2023-11-14T22:13:20.123456Z'],
    ['1700000000', '2023-11-14T22:13:20.000000Z'],
    [0, '1970-01-01T00:00:00.000000Z'],
    [-1.5, '1969-12-31T23:59:58.500000Z'],
  ])('of %j is %s', (value, expected) => {
    expect(sortableTimestamp(value)).toBe(expected);
  });

  it.each([
    '',
    'yesterday',
    '2026-02-30',
    '2023-02-29',
    '2026-13-01',
    '2026-11-23T24:00:00Z',
    '2026-11-23T10:60:00Z',
    '2026-11-23T10:00:61Z',
    'Mon, 23 Nov 2026 10:23:20 GMT',
    '9999-12-31T23:59:59-23:00',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    true,
    {},
    undefined,
  ])('is not made of %j', (value) => {
    expect(sortableTimestamp(value)).toBeUndefined();
  });

  it('sorts bytewise as time does', () => {
    const times = fc.integer({ min: -62_000_000_000_000, max: 250_000_000_000_000 });
    fc.assert(
      fc.property(times, times, (a, b) => {
        const [first, second] = [a, b].map((ms) => sortableTimestamp(new Date(ms).toISOString()) ?? '');
        expect(first).toHaveLength(27);
        expect(Math.sign(a - b)).toBe(first < second ? -1 : first > second ? 1 : 0);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('never throws on a string', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}([+-]\d{2}:\d{2})?$/)),
        (text) => {
          const sortable = sortableTimestamp(text);
          if (sortable !== undefined) expect(sortable).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/);
        },
      ),
      { seed: 1, numRuns: 1000 },
    );
  });
});
