import { describe, expect, it } from 'vitest';
import { Audit, type AuditResult, isSound } from '../../native-bench/demo/audit.js';
import { DEMO_BATCH_RECORDS, DemoData, type DemoRecord } from '../../native-bench/demo/data.js';

const data = new DemoData(1, 3000);
const batchCount = data.batchCount;
const everyBatch = new Set(Array.from({ length: batchCount }, (_, batch) => batch));

function records(isKept: (index: number) => boolean = () => true): DemoRecord[] {
  const all = Array.from({ length: data.recordCount }, (_, index) => index).filter(isKept);
  return all.map((index) => data.recordAt(index)).sort((a, b) => (a.key < b.key ? -1 : 1));
}

function audit(found: readonly DemoRecord[], acknowledged: ReadonlySet<number>, begun = everyBatch): AuditResult {
  const scan = new Audit(data);
  for (const { key, value } of found) scan.add(key, value);
  return scan.judge({ begun, acknowledged });
}

describe('the audit of the demo', () => {
  it('finds the key and value of every index and the index of every key', () => {
    for (let index = 0; index < data.recordCount; index += 13) {
      expect(data.indexOf(data.recordAt(index).key)).toBe(index);
    }
    expect(data.indexOf('telemetry/pump-0001/1')).toBe(-1);
    expect(data.indexOf('nonsense')).toBe(-1);
  });

  it('finds a complete database sound, with nothing missing', () => {
    const result = audit(records(), everyBatch);
    expect(isSound(result)).toBe(true);
    expect(result).toMatchObject({ foundRecords: data.recordCount, missing: [], unacknowledgedBatches: 0 });
  });

  it('counts a record that was acknowledged and is gone as lost', () => {
    const result = audit(
      records((index) => index !== 777),
      everyBatch,
    );
    expect(result).toMatchObject({ lostRecords: 1, tornBatches: 1, inventedRecords: 0 });
    expect(isSound(result)).toBe(false);
  });

  it('lets an unacknowledged batch be there whole or not at all', () => {
    const last = batchCount - 1;
    const acknowledged = new Set([...everyBatch].filter((batch) => batch !== last));
    expect(audit(records(), acknowledged)).toMatchObject({ lostRecords: 0, tornBatches: 0, unacknowledgedBatches: 1 });
    const without = audit(
      records((index) => index < last * DEMO_BATCH_RECORDS),
      acknowledged,
    );
    expect(isSound(without)).toBe(true);
    expect(without.missing).toEqual([{ first: last, end: batchCount }]);
  });

  it('counts half of an unacknowledged batch as torn', () => {
    const acknowledged = new Set([...everyBatch].filter((batch) => batch !== 2));
    const half = records((index) => Math.floor(index / DEMO_BATCH_RECORDS) !== 2 || index % 2 === 0);
    expect(audit(half, acknowledged)).toMatchObject({ lostRecords: 0, tornBatches: 1 });
  });

  it('counts an unknown key, a changed value and a batch that nobody began as invented', () => {
    const stranger = { key: 'zzz', value: '{}' };
    expect(audit([...records(), stranger], everyBatch)).toMatchObject({ inventedRecords: 1 });
    const changed = records().map((record, place) => (place === 5 ? { ...record, value: '{}' } : record));
    expect(audit(changed, everyBatch)).toMatchObject({ inventedRecords: 1, lostRecords: 1 });
    const begun = new Set([...everyBatch].filter((batch) => batch !== 0));
    expect(audit(records(), begun, begun)).toMatchObject({ inventedRecords: DEMO_BATCH_RECORDS });
  });

  it('notices keys that come out of order or twice', () => {
    const [first, second, ...others] = records();
    expect(audit([second, first, ...others], everyBatch)).toMatchObject({ misorderedKeys: 1 });
    expect(isSound(audit([first, first, second, ...others], everyBatch))).toBe(false);
  });
});
