import { describe, expect, it } from 'vitest';
import { type CompareSettings, compareBuilds, type Measure } from '../../../native-bench/regress/compare-builds.js';
import { outcomeOf } from '../../../native-bench/regress/outcome.js';
import type { Sample } from '../../../native-bench/regress/sample.js';
import { planLooks } from '../../../native-bench/regress/statistics/looks.js';
import { sizeOf } from '../../../native-bench/regress/suite.js';
import { Noise } from './noise.js';

const SUITE = ['fillrandom', 'readseq', 'multiget'].map((name) => sizeOf(name, 1));

function settings(): CompareSettings {
  const plan = planLooks(5, 27, 0.05, 2 * SUITE.length);
  if (plan === undefined) throw new Error('no plan');
  return { plan, thresholdRatio: 1.05, mustSeeRatio: 1.2, seed: 1 };
}

function sample(timeUsPerOperation: number, cpuUsPerOperation = timeUsPerOperation): Sample {
  return { operations: 1000, timeUsPerOperation, cpuUsPerOperation, writtenBytesPerOperation: 120 };
}

/** A machine with noise, and a candidate whose workloads take so many times as long. */
function fakeMachine(slowdowns: Readonly<Record<string, number>>, spread = 0.03): Measure {
  const noise = new Noise(1);
  return async (side, { workload }) => {
    const slowdown = side === 'candidate' ? (slowdowns[workload] ?? 1) : 1;
    return sample(10 * slowdown * Math.exp(spread * noise.normal()), 12 * slowdown);
  };
}

describe('a comparison', () => {
  it('takes turns A B B A among all workloads, with the same seed within a pair', async () => {
    const calls: string[] = [];
    const quiet = fakeMachine({});
    await compareBuilds(
      SUITE.slice(0, 2),
      (side, entry, seed) => {
        if (entry.durationMs === 1000) calls.push(`${entry.workload} ${side} ${seed}`);
        return quiet(side, entry, seed);
      },
      settings(),
    );
    expect(calls.slice(0, 8)).toEqual([
      'fillrandom base 1',
      'fillrandom candidate 1',
      'readseq base 1',
      'readseq candidate 1',
      'fillrandom candidate 2',
      'fillrandom base 2',
      'readseq candidate 2',
      'readseq base 2',
    ]);
  });

  it('ends soon where all is the same', async () => {
    const comparisons = await compareBuilds(SUITE, fakeMachine({}, 0.01), settings());
    expect(outcomeOf(comparisons)).toBe('fine');
    for (const { pairs, figures } of comparisons) {
      expect(pairs).toHaveLength(5);
      expect(figures.map(({ verdict }) => verdict)).toEqual(['same', 'same']);
    }
  });

  it('measures on where it is not sure, and there only, and names what is slower', async () => {
    const comparisons = await compareBuilds(SUITE, fakeMachine({ readseq: 1.2 }), settings());
    expect(outcomeOf(comparisons)).toBe('slower');
    const [fillrandom, readseq] = comparisons;
    expect(readseq.pairs.length).toBeGreaterThanOrEqual(8);
    expect(readseq.figures.some(({ verdict }) => verdict === 'slower')).toBe(true);
    expect(fillrandom.pairs.length).toBeLessThan(readseq.pairs.length);
  });

  it('is not judged where noise hides everything', async () => {
    const comparisons = await compareBuilds(SUITE, fakeMachine({}, 1.5), settings());
    expect(outcomeOf(comparisons)).toBe('not-judged');
  });

  it('sees CPU time alone get worse', async () => {
    const measure: Measure = async (side) => sample(10, side === 'candidate' ? 15 : 12);
    const [{ figures }] = await compareBuilds(SUITE.slice(0, 1), measure, settings());
    expect(figures.map(({ figure, verdict }) => [figure, verdict])).toEqual([
      ['timeUsPerOperation', 'same'],
      ['cpuUsPerOperation', 'slower'],
    ]);
  });

  it('judges by the time alone where no CPU time is counted', async () => {
    const [{ figures }] = await compareBuilds(SUITE.slice(0, 1), async () => sample(10, 0), settings());
    expect(figures.map(({ figure }) => figure)).toEqual(['timeUsPerOperation']);
  });

  it('skips what the base cannot run, and fails where the candidate cannot', async () => {
    const failing =
      (failed: string): Measure =>
      async (side, entry) => {
        if (side === failed && entry.workload === 'multiget') throw new Error('getMany is no function');
        return sample(10);
      };
    const comparisons = await compareBuilds(SUITE, failing('base'), settings());
    expect(comparisons[2]).toMatchObject({ figures: [], pairs: [], skipped: expect.stringContaining('getMany') });
    expect(outcomeOf(comparisons)).toBe('fine');
    await expect(compareBuilds(SUITE, failing('candidate'), settings())).rejects.toThrow('getMany');
  });

  it('is not judged where all was skipped', async () => {
    const measure: Measure = async (side) => {
      if (side === 'base') throw new Error('too old');
      return sample(10);
    };
    expect(outcomeOf(await compareBuilds(SUITE, measure, settings()))).toBe('not-judged');
  });
});
