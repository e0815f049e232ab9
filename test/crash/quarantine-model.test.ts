import { beforeEach, describe, expect, it } from 'vitest';
import { type ObservedEntry, QuarantineModel, type QuarantineObservation } from './quarantine-model.js';
import { BRIEF_RETENTION_MS, FEED_ITEMS, FEED_TENANT, feedId, isBadItem } from './quarantine-plan.js';

const NOW_MS = 1_000_000;
const NOTHING: QuarantineObservation = { entries: [], done: [], stored: new Map() };
const SOUND = { lost: [], invented: [], doubled: [], torn: [] };

let model: QuarantineModel;
beforeEach(() => {
  model = new QuarantineModel();
});

function begin(tenant: string, id: string, number?: number, begunAtMs = 0): void {
  model.begin({ tenant, id }, begunAtMs);
  if (number !== undefined) model.acknowledge({ tenant, id }, number);
}

function entry(tenant: string, id: string, number: number, isReplayed = false): ObservedEntry {
  return { tenant, id, number, isReplayed };
}

describe('the model of a quarantine', () => {
  it('allows an entry that was not acknowledged to be there or not', () => {
    begin('kept', 'a');
    expect(model.judge(NOTHING, NOW_MS)).toEqual(SOUND);
    expect(model.judge({ ...NOTHING, entries: [entry('kept', 'a', 1)] }, NOW_MS)).toEqual(SOUND);
  });

  it('knows what is lost: what was acknowledged, and what was seen', () => {
    begin('kept', 'a', 1);
    expect(model.judge(NOTHING, NOW_MS).lost).toHaveLength(1);
    begin('kept', 'b');
    const seen = { ...NOTHING, entries: [entry('kept', 'a', 1), entry('kept', 'b', 2)] };
    expect(model.judge(seen, NOW_MS)).toEqual(SOUND);
    model.adopt(seen);
    expect(model.judge({ ...NOTHING, entries: [entry('kept', 'a', 1)] }, NOW_MS).lost).toHaveLength(1);
  });

  it('knows what is invented: what nobody began, what is back, and what has another number', () => {
    expect(model.judge({ ...NOTHING, entries: [entry('kept', 'a', 1)] }, NOW_MS).invented).toHaveLength(1);
    begin('kept', 'a');
    model.adopt(NOTHING);
    expect(model.judge({ ...NOTHING, entries: [entry('kept', 'a', 1)] }, NOW_MS).invented).toHaveLength(1);
    begin('kept', 'b', 5);
    expect(model.judge({ ...NOTHING, entries: [entry('kept', 'b', 6)] }, NOW_MS).invented).toHaveLength(1);
  });

  it('knows what is there twice', () => {
    begin('kept', 'a', 1);
    const twice = { ...NOTHING, entries: [entry('kept', 'a', 1), entry('kept', 'a', 2)] };
    expect(model.judge(twice, NOW_MS).doubled).toHaveLength(1);
  });

  it('lets go what was purged, and what is old', () => {
    begin('purged', 'a', 1);
    begin('brief', 'b', 2, NOW_MS - BRIEF_RETENTION_MS - 1);
    begin('brief', 'c', 3, NOW_MS - BRIEF_RETENTION_MS);
    expect(model.judge(NOTHING, NOW_MS).lost).toHaveLength(2);
    model.beginPurge('purged');
    expect(model.judge(NOTHING, NOW_MS).lost).toEqual(['brief: c, 3, is gone']);
  });

  it('knows a record without a mark, a mark without a record, and a second replay', () => {
    begin('replayed', 'a', 1);
    model.beginReplay('1.0');
    model.beginReplay('1.1');
    const done = [{ tenant: 'replayed', id: 'a', run: '1.0' }];
    const [open, marked] = [entry('replayed', 'a', 1), entry('replayed', 'a', 1, true)];
    expect(model.judge({ ...NOTHING, entries: [open], done }, NOW_MS).torn).toHaveLength(1);
    expect(model.judge({ ...NOTHING, entries: [marked] }, NOW_MS).torn).toHaveLength(1);
    expect(model.judge({ ...NOTHING, entries: [marked], done }, NOW_MS)).toEqual(SOUND);
    expect(model.judge({ ...NOTHING, done }, NOW_MS)).toEqual(SOUND);
    const twice = [...done, { tenant: 'replayed', id: 'a', run: '1.1' }];
    expect(model.judge({ ...NOTHING, done: twice }, NOW_MS).doubled).toHaveLength(1);
    model.endReplay('replayed', '1.0', ['a']);
    expect(model.judge({ ...NOTHING, entries: [open] }, NOW_MS).lost).toHaveLength(1);
  });

  it('wants all of a source that was taken in, and before that no hole', () => {
    model.beginFeed(3);
    const items = Array.from({ length: FEED_ITEMS }, (_, index) => index);
    const entries = items.filter(isBadItem).map((index) => entry(FEED_TENANT, feedId(3, index), index + 1));
    const good = items.filter((index) => !isBadItem(index));
    const stored = (kept: readonly number[]) => new Map([[3, new Set(kept)]]);
    expect(model.judge(NOTHING, NOW_MS)).toEqual(SOUND);
    expect(model.judge({ entries: [], done: [], stored: stored(good.slice(0, 3)) }, NOW_MS)).toEqual(SOUND);
    expect(model.judge({ entries: [], done: [], stored: stored(good.slice(0, 6)) }, NOW_MS).torn).toHaveLength(1);
    model.endFeed(3);
    expect(model.judge({ entries, done: [], stored: stored(good) }, NOW_MS)).toEqual(SOUND);
    expect(model.judge({ entries, done: [], stored: stored(good.slice(1)) }, NOW_MS).lost).toHaveLength(1);
    expect(model.judge({ entries: entries.slice(1), done: [], stored: stored(good) }, NOW_MS).lost).toHaveLength(1);
  });
});
