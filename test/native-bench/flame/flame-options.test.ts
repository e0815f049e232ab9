import { describe, expect, it } from 'vitest';
import { parseFlameOptions } from '../../../native-bench/flame/flame-options.js';

describe('the flags of npm run flame', () => {
  it('have defaults', () => {
    expect(parseFlameOptions([])).toMatchObject({
      workload: 'fillrandom',
      threads: 'all',
      kind: 'cpu',
      sampler: 'auto',
    });
  });

  it('are read', () => {
    const argv = '--workload readrandom --threads workers --kind io --records 5000 --measure bytes --out x.json'.split(
      ' ',
    );
    expect(parseFlameOptions(argv)).toMatchObject({
      workload: 'readrandom',
      threads: 'workers',
      kind: 'io',
      records: 5000,
      measure: 'bytes',
      out: 'x.json',
    });
    expect(parseFlameOptions(['--diff', 'a.json', 'b.json']).diff).toEqual(['a.json', 'b.json']);
  });

  it.each([
    [['--kind', 'gpu'], '--kind must be one of cpu, alloc, off-cpu, io, got "gpu"'],
    [['--threads', 'some'], '--threads must be one of main, workers, all'],
    [['--records', 'many'], '--records must be a whole number'],
    [['--out', 'x.png'], '--out must end in .svg or .json'],
    [['--diff', 'a.json'], '--diff takes two saved profiles'],
    [['--diff', 'a', 'b', '--out', 'x.json'], 'a comparison is an .svg'],
    [['fillrandom'], '"fillrandom" is no flag'],
    [['--no-such-flag'], 'no-such-flag'],
  ])('%j are refused', (argv, problem) => {
    expect(() => parseFlameOptions(argv)).toThrow(problem);
  });
});
