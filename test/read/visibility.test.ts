import { describe, expect, it } from 'vitest';
import { KIND_DELETE, KIND_PUT, KIND_RANGE_DELETE } from '../../src/base/internal-key.js';
import { judgeVersion, VERSION_HIDDEN, VERSION_SHOWN, VERSION_TOO_NEW } from '../../src/read/visibility.js';

describe('judgeVersion', () => {
  it.each([
    { sequence: 5, kind: KIND_PUT, verdict: VERSION_SHOWN },
    { sequence: 5, kind: KIND_DELETE, verdict: VERSION_HIDDEN },
    { sequence: 6, kind: KIND_PUT, verdict: VERSION_TOO_NEW },
    { sequence: 6, kind: KIND_DELETE, verdict: VERSION_TOO_NEW },
    { sequence: 6, kind: KIND_RANGE_DELETE, verdict: VERSION_TOO_NEW },
  ])('gives $verdict for kind $kind under sequence $sequence to a reader at 5', ({ sequence, kind, verdict }) => {
    expect(judgeVersion(sequence, kind, 5)).toBe(verdict);
  });

  it('refuses a kind that it does not know', () => {
    expect(() => judgeVersion(5, KIND_RANGE_DELETE, 5)).toThrow(
      expect.objectContaining({ code: 'STEME_UNSUPPORTED', message: expect.stringContaining('kind 2') }),
    );
  });
});
