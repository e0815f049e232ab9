import { describe, expect, it } from 'vitest';
import { decodeProfile, encodeProfile } from '../../src/profile/saved-profile.js';
import { profileOf, weighted } from './stacks.js';

describe('a saved profile', () => {
  const profile = profileOf(
    { t: [weighted('a@app.js#1 > GC', 3), weighted('a@app.js#1 > write', 4)] },
    { operations: 5 },
  );

  it('comes back as it was, each frame written once', () => {
    const saved = encodeProfile(profile);
    expect(saved.frames).toHaveLength(3);
    expect(decodeProfile(JSON.stringify(saved), 'a.json')).toEqual(profile);
  });

  it.each([
    ['no JSON', '{'],
    ['another file', '{"a":1}'],
    ['a newer format', JSON.stringify({ ...encodeProfile(profile), format: 'stemedb-profile-2' })],
    ['a frame that is not there', JSON.stringify({ ...encodeProfile(profile), frames: [] })],
    ['a weight below nothing', JSON.stringify(encodeProfile(profile)).replace('"weight":3', '"weight":-3')],
  ])('is refused when it is %s', (_what, text) => {
    expect(() => decodeProfile(text, 'a.json')).toThrow(/^a\.json is not a saved profile of stemedb/);
  });
});
