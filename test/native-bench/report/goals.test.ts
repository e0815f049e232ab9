import { describe, expect, test } from 'vitest';
import { formatVerdict } from '../../../native-bench/report/format-figure.js';
import { isDoubtful, isMet } from '../../../native-bench/report/goals.js';
import type { WorkloadFacts } from '../../../native-bench/report/results-file.js';
import { summarize } from '../../../native-bench/report/summary.js';
import { sampleFacts, sampleResults, sampleRun } from './sample-results.js';

function judge(facts: Partial<WorkloadFacts>) {
  return summarize(sampleResults({ workloads: [sampleFacts('fillrandom', facts)] }))[0].judgements;
}

describe('a goal', () => {
  test('is a ratio to the best peer', () => {
    const [judgement] = judge({ ratioGoal: 2 });
    expect(judgement).toMatchObject({ label: 'times classic-level, the best peer', peer: 'classic-level', goal: 2 });
    expect(isMet(judgement)).toBe(true);
  });

  test('is missed when the median round misses it', () => {
    const [judgement] = judge({ ratioGoal: 2.6 });
    expect(isMet(judgement)).toBe(false);
    expect(formatVerdict(judgement)).toBe('MISSED?');
  });

  test('is doubtful only when some rounds say otherwise', () => {
    expect(judge({ ratioGoal: 2.6 }).map(isDoubtful)).toEqual([true]);
    expect(judge({ ratioGoal: 2 }).map(isDoubtful)).toEqual([false]);
    expect(judge({ ratioGoal: 9 }).map(formatVerdict)).toEqual(['MISSED']);
  });

  test('may be about a peer by name, and is not judged when that did not run', () => {
    expect(judge({ ratioGoal: 2, ratioGoalPeer: 'classic-level' })[0].label).toBe('times classic-level');
    expect(judge({ ratioGoal: 2, ratioGoalPeer: 'lmdb' })).toEqual([]);
  });

  test('may bound a figure of ours, whatever peers reach', () => {
    const limits = [
      { figure: 'eventLoopDelayMsP99', max: 3 },
      { figure: 'writeAmplification', max: 2.5 },
      { figure: 'gapMsMax', max: 250 },
    ];
    const verdicts = judge({ limits }).map((judgement) => `${judgement.label} ${formatVerdict(judgement)}`);
    expect(verdicts).toEqual(['eventLoopDelayMsP99 met', 'writeAmplification MISSED']);
  });

  test('prefers what the workload measured itself', () => {
    const runs = [sampleRun('sustained', 'stemedb', 1, 5, { also: { writeAmplification: 2 }, writtenUserBytes: 1 })];
    const limits = [{ figure: 'writeAmplification', max: 2.5 }];
    const [{ judgements }] = summarize(sampleResults({ runs, workloads: [sampleFacts('sustained', { limits })] }));
    expect(judgements[0].reached.median).toBe(2);
  });
});
