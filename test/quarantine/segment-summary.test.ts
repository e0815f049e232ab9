import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../../src/base/errors.js';
import { hashId, mayHoldId } from '../../src/quarantine/id-filter.js';
import { mayHoldTime } from '../../src/quarantine/minute-set.js';
import { decodeSummary, encodeSummary, SummaryBuilder, summedEntry } from '../../src/quarantine/segment-summary.js';
import { answerForView, fuzzRuns, mutate, mutations } from '../support/fuzz.js';
import { draftOf, START_MS } from './journal-rig.js';

const PLACE = { file: 'MANIFEST', offsetBytes: 64 };

function builderOf(count: number): SummaryBuilder {
  const builder = new SummaryBuilder();
  for (let i = 1; i <= count; i++) {
    const fields = { id: `id ${i}`, timestampMs: START_MS + i * 60_000, appendedAtMs: START_MS + i };
    builder.add(summedEntry({ ...draftOf('acme', 'x'.repeat(i), fields), number: 10 * i }));
  }
  return builder;
}

describe('the summary of a segment', () => {
  it('says what is in it', () => {
    const summary = builderOf(3).finish(4, 1000);
    expect(summary).toMatchObject({
      number: 4,
      firstEntry: 10,
      lastEntry: 30,
      entryCount: 3,
      payloadBytes: 6,
      endBytes: 1000,
      timestampMsMin: START_MS + 60_000,
      timestampMsMax: START_MS + 180_000,
      appendedAtMsMax: START_MS + 3,
    });
    expect(mayHoldId(summary.filter, hashId('id 2'))).toBe(true);
    expect(mayHoldId(summary.filter, hashId('id 4'))).toBe(false);
    expect(mayHoldTime(summary.minutes, START_MS + 120_000, START_MS + 120_001)).toBe(true);
  });

  it('is read as it was written', () => {
    const summary = builderOf(50).finish(4, 1000);
    expect(decodeSummary(encodeSummary(summary), PLACE)).toEqual(summary);
  });

  it('that is cut off or claims the impossible is damage', () => {
    const bytes = encodeSummary(builderOf(3).finish(4, 1000));
    for (const length of [1, 40, 79, bytes.length - 1]) {
      expect(() => decodeSummary(bytes.subarray(0, length), PLACE)).toThrow(CorruptionError);
    }
    const more = Uint8Array.from(bytes);
    more[32] = 99;
    expect(() => decodeSummary(more, PLACE)).toThrow(
      /expected entries with numbers of their own, found 99 from 10 to 30/,
    );
  });

  it('is decoded honestly whatever the bytes are', () => {
    const good = encodeSummary(builderOf(20).finish(4, 1000));
    fc.assert(
      fc.property(mutations, (list) => {
        const answer = answerForView(mutate(good, list), (view) => {
          const { filter, ...rest } = decodeSummary(view, PLACE);
          return { ...rest, filter: Array.from(filter), holds: mayHoldId(filter, hashId('id 1')) };
        });
        if ('value' in answer) expect(answer.value.minutes.length).toBeLessThanOrEqual(512);
      }),
      fuzzRuns(500),
    );
  });

  it('of entries out of order is a bug of ours', () => {
    const builder = builderOf(2);
    expect(() => builder.add(summedEntry({ ...draftOf('acme', 'x'), number: 20 }))).toThrow(/come in order/);
    expect(() => new SummaryBuilder().finish(1, 0)).toThrow(/has entries/);
  });
});
