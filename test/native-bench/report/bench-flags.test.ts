import { describe, expect, test } from 'vitest';
import { ENGINE_NAMES } from '../../../native-bench/peers/bench-engine.js';
import { parseBenchFlags } from '../../../native-bench/report/bench-flags.js';

const WORKLOADS = ['fillseq', 'fillrandom', 'readrandom', 'readrandom-cold'];

function parse(...userArguments: readonly string[]) {
  return parseBenchFlags(userArguments, WORKLOADS);
}

describe('the flags of a benchmark', () => {
  test('may all be left out', () => {
    expect(parse()).toMatchObject({ isQuick: false, rounds: 3, seed: 1, workloads: WORKLOADS, engines: ENGINE_NAMES });
  });

  test('a quick run has one round unless it is told otherwise', () => {
    expect(parse('--quick').rounds).toBe(1);
    expect(parse('--quick', '--rounds', '2').rounds).toBe(2);
  });

  test('choose workloads by name and by pattern, in the order of the table', () => {
    expect(parse('--only', 'readrandom*,fillseq').workloads).toEqual(['fillseq', 'readrandom', 'readrandom-cold']);
    expect(parse('--only', 'readrandom').workloads).toEqual(['readrandom']);
  });

  test('name every problem at once', () => {
    const wrong = [
      '--rounds',
      'many',
      '--only',
      'fillsec,read.*',
      '--engines',
      'leveldb',
      '--seed',
      '--bogus',
      'stray',
    ];
    expect(() => parse(...wrong)).toThrow(
      'unknown flag --bogus; unexpected argument "stray"; --rounds must be a whole number from 1 to 99, got "many"; ' +
        '--only knows no "fillsec", "read.*", only fillseq, fillrandom, readrandom, readrandom-cold; ' +
        `--engines knows no "leveldb", only ${ENGINE_NAMES.join(', ')}; --seed needs a whole number; see --help`,
    );
  });

  test('of a run do not go with --report', () => {
    expect(parse('--report', 'a.json', '--out', 'b')).toMatchObject({ reportFile: 'a.json', outDirectory: 'b' });
    expect(() => parse('--report', 'a.json', '--quick')).toThrow('--quick does not go with --report');
  });

  test('refuse what no run can have', () => {
    expect(() => parse('--records', '0')).toThrow('--records must be a whole number from 1');
    expect(() => parse('--records', '1e6')).toThrow('got "1e6"');
    expect(() => parse('--out')).toThrow('--out needs a directory');
  });
});
