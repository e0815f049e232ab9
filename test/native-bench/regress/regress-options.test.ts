import { describe, expect, it } from 'vitest';
import { parseRegressOptions, UsageError } from '../../../native-bench/regress/regress-options.js';
import { CANARY_WORKLOADS, DEFAULT_WORKLOADS } from '../../../native-bench/regress/suite.js';

const KNOWN = [...DEFAULT_WORKLOADS, 'overwrite'];
const parse = (line: string) => parseRegressOptions(line.split(' ').filter(Boolean), KNOWN);

function problemsOf(line: string): string[] {
  try {
    parse(line);
  } catch (error) {
    if (error instanceof UsageError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('the command line', () => {
  it('names a base in three ways', () => {
    expect(parse('--against HEAD~1').mode).toEqual({
      kind: 'compare',
      base: { kind: 'revision', revision: 'HEAD~1' },
    });
    expect(parse('--against june.json').mode).toEqual({
      kind: 'compare',
      base: { kind: 'baseline', file: 'june.json' },
    });
    expect(parse('--against-build ../other').mode).toEqual({
      kind: 'compare',
      base: { kind: 'build', directory: '../other' },
    });
  });

  it('has defaults for the rest', () => {
    expect(parse('--against HEAD')).toMatchObject({
      mode: { kind: 'compare' },
      workloads: DEFAULT_WORKLOADS,
      pairsMin: 5,
      thresholdPercent: 5,
      slowdownPercent: 20,
      jsonFile: undefined,
    });
  });

  it('leaves the opens out of the canary, unless they are asked for', () => {
    expect(parse('--canary').workloads).toEqual(CANARY_WORKLOADS);
    expect(CANARY_WORKLOADS).not.toContain('open-clean');
    expect(parse('--canary --only open-clean').workloads).toEqual(['open-clean']);
  });

  it('takes workloads with commas or one by one, each once', () => {
    expect(parse('--self-check 10 --only readseq,overwrite --only readseq').workloads).toEqual([
      'readseq',
      'overwrite',
    ]);
  });

  it('names every problem at once', () => {
    expect(problemsOf('--against HEAD --canary --threshold=-3 --pairs-max x --only nothing')).toEqual([
      '--pairs-max must be a number from 2 to 50, got "x"',
      '--pairs-max 2 is less than --pairs-min 5',
      '--threshold must be a number from 0 to 100, got "-3"',
      expect.stringContaining('exactly one of these must be given'),
      expect.stringContaining('--only: no workload nothing; there are fillrandom,'),
    ]);
  });

  it('refuses what it does not know, or what says nothing to do', () => {
    expect(problemsOf('--agianst HEAD')).toHaveLength(1);
    expect(problemsOf('')).toEqual([expect.stringContaining('--against REVISION')]);
    expect(problemsOf('--store a/b')).toEqual(['--store must be a plain name, got "a/b"']);
  });
});
