import { describe, expect, test } from 'vitest';
import { summarize } from '../../../native-bench/report/summary.js';
import { sampleFacts, sampleResults, sampleRun } from './sample-results.js';

describe('a summary', () => {
  test('has the median of the rounds and how far apart they were', () => {
    const [{ engines }] = summarize(sampleResults());
    expect(engines.map(({ engine, headline }) => ({ engine, headline }))).toEqual([
      { engine: 'stemedb', headline: { median: 900, min: 800, max: 1000 } },
      { engine: 'classic-level', headline: { median: 400, min: 300, max: 400 } },
    ]);
  });

  test('compares rounds of the same number, which are neighbours in time', () => {
    const [{ engines }] = summarize(sampleResults());
    expect(engines[0].ratio).toBeUndefined();
    expect(engines[1].ratio).toEqual({ median: 2.5, min: 2, max: 3 });
  });

  test('leaves a round out of the ratio that one of the two did not finish', () => {
    const runs = sampleResults().runs.filter(({ engine, round }) => engine !== 'stemedb' || round !== 1);
    const [{ engines }] = summarize(sampleResults({ runs }));
    expect(engines[1]).toMatchObject({ roundCount: 3, ratio: { median: 2.25, min: 2, max: 2.5 } });
  });

  test('finds the best peer, and where less is better the one with the least', () => {
    const runs = [
      sampleRun('open', 'stemedb', 1, 1, { operations: 1, elapsedMs: 20 }),
      sampleRun('open', 'classic-level', 1, 1, { operations: 1, elapsedMs: 100 }),
      sampleRun('open', 'lmdb', 1, 1, { operations: 1, elapsedMs: 10 }),
    ];
    const [{ bestPeer }] = summarize(sampleResults({ runs, workloads: [sampleFacts('open', { unit: 'ms' })] }));
    expect(bestPeer).toMatchObject({ engine: 'lmdb', headline: { median: 10 }, ratio: { median: 0.5 } });
  });

  test('keeps megabytes per second by the bytes that were handed in', () => {
    const runs = [sampleRun('values-4k', 'lmdb', 1, 10, { writtenUserBytes: 50e6, elapsedMs: 2000 })];
    const [{ engines }] = summarize(sampleResults({ runs, workloads: [sampleFacts('values-4k', { unit: 'MB/s' })] }));
    expect(engines[0].headline.median).toBe(25);
  });

  test('has amplification only where there are bytes of the user to compare with', () => {
    const [{ engines }] = summarize(sampleResults());
    expect(engines[0].amplification).toEqual({ write: 3, space: 0.7 });
    expect(engines[1].amplification).toEqual({});
  });

  test('leaves out workloads and engines without a run', () => {
    const results = sampleResults({ workloads: [sampleFacts('fillseq'), sampleFacts('fillrandom')] });
    expect(summarize(results).map(({ facts }) => facts.name)).toEqual(['fillrandom']);
  });
});
