import { describe, expect, test } from 'vitest';
import { parseResults } from '../../../native-bench/report/results-schema.js';
import { sampleResults } from './sample-results.js';

describe('a results file', () => {
  test('is read as it was written', () => {
    const results = sampleResults();
    expect(parseResults(JSON.stringify(results))).toEqual(results);
  });

  test('of another format is refused', () => {
    expect(() => parseResults(JSON.stringify({ ...sampleResults(), formatVersion: 2 }))).toThrow(/^.*formatVersion: /);
  });

  test('that is wrong in several places is told so at once', () => {
    const [run] = sampleResults().runs;
    const wrong = { ...sampleResults(), commit: 7, runs: [{ ...run, engine: 'leveldb' }] };
    expect(() => parseResults(JSON.stringify(wrong))).toThrow(/commit: .*; runs\.0\.engine: /);
  });

  test('that is no JSON is told so', () => {
    expect(() => parseResults('{')).toThrow('it is not JSON');
  });
});
