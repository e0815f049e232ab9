import { describe, expect, it } from 'vitest';
import { StemeError } from '../../src/base/errors.js';
import { formatWarning } from '../../src/cli/error-report.js';

describe('a warning on standard error', () => {
  const cause = new StemeError('STEME_IO', 'cannot write 000004.recycled:\nthe disk is full');
  const warning = new StemeError('STEME_IO', 'writes go on more slowly', { cause });

  it('is one line with its cause', () => {
    const line = 'steme: warning: writes go on more slowly (cannot write 000004.recycled: the disk is full)\n';
    expect(formatWarning(warning, false)).toBe(line);
  });

  it('is one line of JSON where JSON was asked for, and cannot be taken for an error', () => {
    const text = formatWarning(warning, true);
    expect(text.indexOf('\n')).toBe(text.length - 1);
    const message = 'writes go on more slowly (cannot write 000004.recycled:\nthe disk is full)';
    expect(JSON.parse(text)).toEqual({ warning: { code: 'STEME_IO', message } });
  });

  it('has its name for a code where it is not one of ours', () => {
    const foreign = Object.assign(new Error('old'), { name: 'DeprecationWarning' });
    expect(JSON.parse(formatWarning(foreign, true))).toEqual({
      warning: { code: 'DeprecationWarning', message: 'old' },
    });
  });

  it('that tells its cause itself tells it once', () => {
    const cause = new Error('the disk is full');
    const warning = new StemeError('STEME_IO', `entries stay where they are (${cause.message})`, { cause });
    expect(formatWarning(warning, false)).toBe('steme: warning: entries stay where they are (the disk is full)\n');
  });
});
