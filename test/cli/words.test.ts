import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { clipped } from '../../src/cli/clipped.js';
import { shellWord } from '../../src/cli/shell-word.js';

describe('a clipped text', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, '…'],
    ['abcdef', 5, 'ab…'],
    ['éééé', 7, 'éé…'],
    ['éééé', 6, 'é…'],
    ['😀😀', 7, '😀…'],
    ['😀😀', 6, '…'],
  ])('%s in %i bytes is %s', (text, bytesMax, expected) => {
    expect(clipped(text, bytesMax)).toBe(expected);
    expect(Buffer.byteLength(expected)).toBeLessThanOrEqual(bytesMax);
  });
});

describe('a word of a command line', () => {
  it.each(['plain', '/a/b.db', '', 'a b', "it's", '$HOME', '`ls`', '"', '\\', '*', 'é', "'", '; rm x'])(
    'is taken by a shell as it was meant: %s',
    (text) => {
      expect(execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text);
    },
  );

  it('stays as it is where it can', () => {
    expect(shellWord('/data/events.db')).toBe('/data/events.db');
  });
});
