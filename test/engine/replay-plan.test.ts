import { describe, expect, it } from 'vitest';
import { ReplayPlan, type ReplayRecord, type ReplayRun } from '../../src/engine/replay-plan.js';

/** Ten operations that a memtable surely holds in 1,050 bytes, and in 240 at least. */
const OPERATIONS = 10;
const PAYLOAD_BYTES = 200;

function record(segmentNumber: number, index: number, payloadBytes = PAYLOAD_BYTES): ReplayRecord {
  const startBytes = 1000 + index * 1000;
  const place = { identity: 1, alignmentBytes: 8, startOrdinal: index + 1, startBytes, endBytes: startBytes + 1000 };
  return { stretch: { segmentNumber, ...place }, operations: OPERATIONS, payloadBytes };
}

function segment(segmentNumber: number, count: number): ReplayRecord[] {
  return Array.from({ length: count }, (_, index) => record(segmentNumber, index));
}

function runsOf(memtableBytes: number, records: readonly ReplayRecord[], runBytesMax = 1e9): ReplayRun[] {
  const plan = new ReplayPlan({ memtableBytes, runBytesMax });
  return [...records.flatMap((each) => plan.add(each)), ...plan.finish()];
}

/** `segment: first record – last record` of each stretch of each run. */
function outline(runs: readonly ReplayRun[]): string[] {
  return runs.map(({ stretches }) =>
    stretches
      .map(
        ({ segmentNumber, startBytes, endBytes }) =>
          `${segmentNumber}: ${startBytes / 1000 - 1}–${endBytes / 1000 - 2}`,
      )
      .join(', '),
  );
}

describe('which records go into which memtable', () => {
  it.each([
    ['no record at all', 5300, [], []],
    ['all in one where they surely fit', 5300, segment(1, 5), ['1: 0–4']],
    [
      'over the end of a segment, while they surely fit',
      5300,
      [...segment(1, 2), ...segment(2, 2)],
      ['1: 0–1, 2: 0–1'],
    ],
    [
      'a segment that has fitted a memtable is tried whole',
      5300,
      [...segment(1, 15), ...segment(2, 5)],
      ['1: 0–14', '2: 0–4'],
    ],
    ['one that cannot have fitted is cut where it surely fits', 5300, segment(1, 30), ['1: 0–4', '1: 5–9', '1: 10–29']],
    ['the last segment may be tried whole too', 5300, segment(1, 15), ['1: 0–14']],
  ])('%s', (_, memtableBytes, records, expected) => {
    expect(outline(runsOf(memtableBytes, records))).toEqual(expected);
  });

  it('says where a gap is: records that are in tables already are in no run', () => {
    expect(outline(runsOf(5300, [record(1, 0), record(1, 3), record(1, 4)]))).toEqual(['1: 0–0, 1: 3–4']);
  });

  it('gives a record that is larger than a memtable one of its own size', () => {
    const runs = runsOf(5000, [record(1, 0), record(1, 1, 50_000), record(1, 2)]);
    expect(outline(runs)).toEqual(['1: 0–0', '1: 1–1', '1: 2–2']);
    expect(runs[1].recordMemoryBytesMax).toBeGreaterThan(50_000);
  });

  it('ends a run that is long enough, so that there are several', () => {
    expect(outline(runsOf(50_000, segment(1, 10), 4 * PAYLOAD_BYTES))).toEqual(['1: 0–3', '1: 4–7', '1: 8–9']);
  });

  it('puts every record into exactly one run, in order, whatever the sizes', () => {
    for (const memtableBytes of [100, 1000, 2500, 5000, 20_000]) {
      const records = [...segment(1, 23), ...segment(2, 1), ...segment(4, 40)];
      const covered = runsOf(memtableBytes, records, 3000).flatMap(({ stretches }) =>
        stretches.flatMap(({ segmentNumber, startBytes, endBytes }) =>
          Array.from({ length: (endBytes - startBytes) / 1000 }, (_, i) => `${segmentNumber} ${startBytes + i * 1000}`),
        ),
      );
      expect(covered).toEqual(records.map(({ stretch }) => `${stretch.segmentNumber} ${stretch.startBytes}`));
    }
  });
});
