import { describe, expect, it } from 'vitest';
import { CrashModel, isSound, type ModelWrite } from './crash-model.js';

function put(index: number, ...keys: string[]): ModelWrite {
  return { index, records: keys.map((key) => ({ key, outcome: `${index}.${key}` })) };
}

function del(index: number, ...keys: string[]): ModelWrite {
  return { index, records: keys.map((key) => ({ key, outcome: undefined })) };
}

/** A model that has seen the writes begin, and the given ones acknowledged. */
function modelOf(
  writes: readonly ModelWrite[],
  acknowledged: readonly number[],
  base: Record<string, string> = {},
): CrashModel {
  const model = new CrashModel();
  model.adopt(new Map(Object.entries(base)));
  for (const write of writes) model.begin(write);
  for (const index of acknowledged) model.acknowledge(index);
  return model;
}

function judge(model: CrashModel, observed: Record<string, string>): Record<string, number> {
  const verdict = model.judge(new Map(Object.entries(observed)));
  const counts = Object.entries(verdict).map(([name, sentences]): [string, number] => [name, sentences.length]);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

describe('the crash model', () => {
  it('finds an empty database after no writes sound', () => {
    expect(isSound(new CrashModel().judge(new Map()))).toBe(true);
  });

  it('calls an acknowledged put that is gone lost', () => {
    expect(judge(modelOf([put(0, 'a')], [0]), {})).toEqual({ lost: 1, gaps: 1 });
  });

  it('lets an unacknowledged put be there or not', () => {
    const model = modelOf([put(0, 'a')], []);
    expect(judge(model, {})).toEqual({});
    expect(judge(model, { a: '0.a' })).toEqual({});
  });

  it('calls a value that nobody wrote invented', () => {
    expect(judge(modelOf([put(0, 'a')], [0]), { a: '0.a', b: '9.b' })).toMatchObject({ invented: 1 });
    expect(judge(modelOf([put(0, 'a')], [0]), { a: '7.a' })).toMatchObject({ invented: 1 });
  });

  it('calls an older value under an acknowledged newer one lost', () => {
    expect(judge(modelOf([put(0, 'a'), put(1, 'a')], [0, 1]), { a: '0.a' })).toEqual({ lost: 1, gaps: 1 });
    expect(judge(modelOf([put(0, 'a')], [0], { a: 'old' }), { a: 'old' })).toEqual({ lost: 1, gaps: 1 });
  });

  it('lets a later write that was begun replace an acknowledged one', () => {
    expect(judge(modelOf([put(0, 'a'), put(1, 'a')], [0]), { a: '1.a' })).toEqual({});
    expect(judge(modelOf([put(0, 'a'), del(1, 'a')], [0]), {})).toEqual({});
  });

  it('calls a deleted key that came back lost', () => {
    expect(judge(modelOf([put(0, 'a'), del(1, 'a')], [0, 1]), { a: '0.a' })).toEqual({ lost: 1, gaps: 1 });
  });

  it('calls an untouched key of earlier cycles that is gone lost', () => {
    expect(judge(modelOf([], [], { a: 'old' }), {})).toEqual({ lost: 1 });
  });

  it('calls a batch of which a part is there torn', () => {
    expect(judge(modelOf([put(0, 'a', 'b')], []), { a: '0.a' })).toEqual({ torn: 1, gaps: 1 });
  });

  it('calls a batch torn when its delete was not carried out but its put was', () => {
    const mixed = { index: 0, records: [...put(0, 'a').records, ...del(0, 'b').records] };
    expect(judge(modelOf([mixed], [], { b: 'old' }), { a: '0.a', b: 'old' })).toEqual({ torn: 1, gaps: 1 });
  });

  it('does not call a batch torn when a later write covers one of its keys', () => {
    expect(judge(modelOf([put(0, 'a', 'b'), put(1, 'b')], []), { a: '0.a', b: '1.b' })).toEqual({});
    expect(judge(modelOf([put(0, 'a', 'b'), del(1, 'b')], []), { a: '0.a' })).toEqual({});
  });

  it('calls a later write without an earlier one a gap', () => {
    const model = modelOf([put(0, 'a'), put(1, 'b')], []);
    expect(judge(model, { b: '1.b' })).toEqual({ gaps: 1 });
    expect(judge(model, { a: '0.a' })).toEqual({});
  });

  it('demands what was issued before an acknowledged write', () => {
    expect(judge(modelOf([put(0, 'a'), put(1, 'b')], [1]), { b: '1.b' })).toEqual({ gaps: 1 });
  });

  it('accepts every cut of a long history at or after the last acknowledged write, and none before', () => {
    const writes = Array.from({ length: 40 }, (_, index) => {
      const keys = [`k${index % 7}`, `k${(index * 3 + 1) % 7}`];
      return index % 5 === 4 ? del(index, ...new Set(keys)) : put(index, ...new Set(keys));
    });
    for (let cut = 0; cut <= writes.length; cut++) {
      const state: Record<string, string> = {};
      for (const { key, outcome } of writes.slice(0, cut).flatMap((write) => write.records)) {
        if (outcome === undefined) delete state[key];
        else state[key] = outcome;
      }
      const verdict = modelOf(writes, [20]).judge(new Map(Object.entries(state)));
      expect(isSound(verdict), `cut ${cut}`).toBe(cut > 20);
    }
  });

  it('judges a copy by what was acknowledged when it was asked for, and begun when it was made', () => {
    const model = modelOf([put(0, 'a'), put(1, 'b')], [0]);
    const copy = model.at({ acknowledged: model.acknowledged, begunCount: model.begunCount });
    model.begin(put(2, 'c'));
    model.acknowledge(1);
    expect(judge(copy, { a: '0.a' })).toEqual({});
    expect(judge(copy, { a: '0.a', b: '1.b' })).toEqual({});
    expect(judge(copy, {})).toEqual({ lost: 1, gaps: 1 });
    expect(judge(copy, { a: '0.a', b: '1.b', c: '2.c' })).toMatchObject({ invented: 1 });
    expect(judge(model, { a: '0.a' })).toMatchObject({ lost: 1 });
  });

  it('judges the next cycle from what it adopted', () => {
    const model = modelOf([put(0, 'a')], []);
    model.adopt(new Map([['a', '0.a']]));
    expect(judge(model, { a: '0.a' })).toEqual({});
    expect(judge(model, {})).toEqual({ lost: 1 });
  });
});
