import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonBytes } from '../../src/base/json-bytes.js';
import { printable } from '../../src/cli/printable.js';
import { describeProgress } from '../../src/cli/progress.js';
import { formatTable } from '../../src/cli/table-printer.js';
import { formatBytes, formatCount, formatMs } from '../../src/cli/units.js';

describe('printable bytes', () => {
  it.each([
    ['plain é text', 'plain é text'],
    ['tab\tnewline\nback\\slash', 'tab\\tnewline\\nback\\\\slash'],
    ['\u001b[31mred\u0007', '\\x1b[31mred\\x07'],
    ['\u0085\u2028', '\\u0085\\u2028'],
    [Uint8Array.of(0xff), '\\xff'],
    [Uint8Array.of(0x85), '\\x85'],
    [Uint8Array.of(0x61, 0xff, 0x5c, 0x0a), 'a\\xff\\\\\\n'],
  ])('of %j are %s', (bytes, expected) => {
    expect(printable(Buffer.from(bytes))).toBe(expected);
  });

  it('are one line, and differ where the bytes differ', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.string().map((text) => Uint8Array.from(Buffer.from(text))),
    );
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(printable(a)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        if (Buffer.compare(a, b) === 0) return;
        expect(printable(a)).not.toBe(printable(b));
        expect(jsonBytes(a)).not.toEqual(jsonBytes(b));
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it('are a string in JSON where they are UTF-8, and base64 elsewhere', () => {
    expect(jsonBytes(Buffer.from('é'))).toBe('é');
    expect(jsonBytes(Uint8Array.of(0xff))).toEqual({ base64: '/w==' });
  });
});

describe('units', () => {
  it('are those that people read', () => {
    expect([0, 999, 1000, 1_234_567, 999_960, 5e18].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '1.2 MB',
      '1.0 MB',
      '5000.0 PB',
    ]);
    expect([0, 1234.6].map(formatCount)).toEqual(['0', '1,235']);
    expect([0.04, 12, 1500].map(formatMs)).toEqual(['0.0 ms', '12.0 ms', '1.50 s']);
  });
});

describe('a table', () => {
  it('has names to the left and numbers to the right', () => {
    expect(
      formatTable(
        ['level', 'files'],
        [
          ['L0', '12'],
          ['total', '1,000'],
        ],
      ),
    ).toBe('level  files\nL0        12\ntotal  1,000\n');
  });

  it('without rows is its header', () => {
    expect(formatTable(['a', 'b'], [])).toBe('a  b\n');
  });
});

describe('the progress of an ingest', () => {
  it('tells records/s, MB/s and the lag of the last sync', () => {
    const progress = { sourceBytes: 3e6, storedRecords: 3000, rejectedRecords: 0, durationMs: 1500, syncLagMs: 2.25 };
    expect(describeProgress(progress)).toBe('3,000 records | 2,000 records/s | 2.0 MB/s | sync lag 2.3 ms');
    expect(describeProgress({ ...progress, rejectedRecords: 4 })).toContain('| 4 rejected');
  });
});
