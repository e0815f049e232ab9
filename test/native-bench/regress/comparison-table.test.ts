import { describe, expect, it } from 'vitest';
import { parseBaseline } from '../../../native-bench/regress/baseline.js';
import type { FigureComparison, WorkloadComparison } from '../../../native-bench/regress/compare-builds.js';
import { formatComparisons } from '../../../native-bench/regress/comparison-table.js';
import { parseRegressOptions } from '../../../native-bench/regress/regress-options.js';
import { toJson } from '../../../native-bench/regress/regress-result.js';
import { sizeOf } from '../../../native-bench/regress/suite.js';

const FIGURE: FigureComparison = {
  figure: 'timeUsPerOperation',
  verdict: 'slower',
  pairs: 12,
  ratio: 1.2,
  low: 1.1,
  high: 1.3,
  passBound: 1.24,
  pValue: 1 / 4096,
  smallestSeen: Number.POSITIVE_INFINITY,
};
const SLOWER: WorkloadComparison = { entry: sizeOf('readseq', 1), pairs: [], figures: [FIGURE] };
const SKIPPED: WorkloadComparison = { entry: sizeOf('multiget', 1), pairs: [], figures: [], skipped: 'no getMany' };

describe('the result of a comparison', () => {
  it('is a row a figure for people', () => {
    const lines = formatComparisons([SLOWER, SKIPPED], 5).split('\n');
    expect(lines[2]).toMatch(/^readseq +time +12 +1\.200 +1\.100 – 1\.300 +SLOWER, beyond 5 % and noise$/);
    expect(lines[3]).toBe('multiget: skipped, no getMany');
  });

  it('is plain JSON for programs', () => {
    const build = { label: 'HEAD', commit: undefined, isChanged: false, engineModule: '/somewhere/index.js' };
    const file = toJson(
      {
        kind: 'compare',
        exitCode: 1,
        machine: {
          node: 'v20',
          system: 'linux',
          cpu: 'some',
          cores: 2,
          memoryBytes: 1,
          loadAtStart: 0,
          isDiskInMemory: false,
        },
        options: parseRegressOptions(['--against', 'HEAD'], []),
        runs: [{ base: build, candidate: build, outcome: 'slower', comparisons: [SLOWER, SKIPPED] }],
      },
      new Date(0),
    );
    expect(file).toMatchObject({ formatVersion: 1, kind: 'compare', exitCode: 1, date: '1970-01-01T00:00:00.000Z' });
    const text = JSON.stringify(file);
    expect(text).toContain('"smallestSeen":null');
    expect(text).toContain('"skipped":"no getMany"');
    expect(text).not.toContain('/somewhere');
  });
});

describe('a stored baseline', () => {
  const baseline = { formatVersion: 1, kind: 'baseline', commit: 'a'.repeat(40), workloads: [] };

  it('is read', () => {
    expect(parseBaseline(JSON.stringify(baseline), 'x.json').commit).toBe('a'.repeat(40));
  });

  it.each([
    ['{', 'x.json is no JSON'],
    ['{"kind":"comparison"}', 'x.json is no baseline that --store has written'],
    [JSON.stringify({ ...baseline, formatVersion: 2 }), 'x.json has format version 2; this reads 1'],
  ])('is refused when it is something else: %s', (text, message) => {
    expect(() => parseBaseline(text, 'x.json')).toThrow(message);
  });
});
