import type { Database } from '../../src/engine/api.js';
import { DEMO_BATCH_RECORDS, type DemoData } from './data.js';
import type { BatchRange } from './protocol.js';

/** What the process outside the database knows: the batches that were begun, and those that were acknowledged. */
export interface BatchLedger {
  readonly begun: ReadonlySet<number>;
  readonly acknowledged: ReadonlySet<number>;
}

export interface AuditResult {
  readonly foundRecords: number;
  /** Acknowledged, and not there. */
  readonly lostRecords: number;
  /** There, and never written: an unknown key, another value, or a batch that nobody began. */
  readonly inventedRecords: number;
  /** Batches of which only a part is there. */
  readonly tornBatches: number;
  /** Keys that did not come in ascending order. */
  readonly misorderedKeys: number;
  /** Found whole although no acknowledgement arrived before the kill: written, and allowed. */
  readonly unacknowledgedBatches: number;
  /** What is still to be written. */
  readonly missing: readonly BatchRange[];
}

const SCAN_ENTRIES = 1000;

/** Reads the whole database and makes every record again from the seed to compare it. */
export async function auditDatabase(
  db: Database,
  data: DemoData,
  ledger: BatchLedger,
  onProgress: (records: number) => void,
): Promise<AuditResult> {
  const audit = new Audit(data);
  const iterator = db.iterator();
  for (;;) {
    const entries = await iterator.nextv(SCAN_ENTRIES);
    if (entries.length === 0) break;
    for (const [key, value] of entries) audit.add(key.toString(), value.toString());
    onProgress(audit.foundRecords);
  }
  await iterator.close();
  return audit.judge(ledger);
}

export function isSound(result: AuditResult): boolean {
  return result.lostRecords + result.inventedRecords + result.tornBatches + result.misorderedKeys === 0;
}

/** Collects what a scan finds, then compares it with the ledger. */
export class Audit {
  readonly #data: DemoData;
  readonly #foundOfBatch: Uint16Array;
  #found = 0;
  #wrong = 0;
  #misordered = 0;
  #previousKey = '';

  constructor(data: DemoData) {
    this.#data = data;
    this.#foundOfBatch = new Uint16Array(data.batchCount);
  }

  get foundRecords(): number {
    return this.#found;
  }

  /** All keys are ASCII, so the order of the strings is the order of their bytes. */
  add(key: string, value: string): void {
    this.#found++;
    if (key <= this.#previousKey) this.#misordered++;
    this.#previousKey = key;
    const index = this.#data.indexOf(key);
    if (index < 0 || !this.#isRecord(index, key, value)) {
      this.#wrong++;
      return;
    }
    this.#foundOfBatch[Math.floor(index / DEMO_BATCH_RECORDS)]++;
  }

  judge(ledger: BatchLedger): AuditResult {
    let lostRecords = 0;
    let inventedRecords = this.#wrong;
    let tornBatches = 0;
    let unacknowledgedBatches = 0;
    const missing: number[] = [];
    for (let batch = 0; batch < this.#data.batchCount; batch++) {
      const found = this.#foundOfBatch[batch];
      const size = this.#data.batchEnd(batch) - batch * DEMO_BATCH_RECORDS;
      const isAcknowledged = ledger.acknowledged.has(batch);
      if (isAcknowledged) lostRecords += Math.max(0, size - found);
      else if (found === size) unacknowledgedBatches++;
      if (!ledger.begun.has(batch)) inventedRecords += found;
      if (found > 0 && found < size) tornBatches++;
      if (found < size) missing.push(batch);
    }
    return {
      foundRecords: this.#found,
      lostRecords,
      inventedRecords,
      tornBatches,
      misorderedKeys: this.#misordered,
      unacknowledgedBatches,
      missing: toRanges(missing),
    };
  }

  #isRecord(index: number, key: string, value: string): boolean {
    const expected = this.#data.recordAt(index);
    return expected.key === key && expected.value === value;
  }
}

function toRanges(batches: readonly number[]): BatchRange[] {
  const ranges: BatchRange[] = [];
  for (const batch of batches) {
    const last = ranges.at(-1);
    if (last !== undefined && last.end === batch) ranges[ranges.length - 1] = { first: last.first, end: batch + 1 };
    else ranges.push({ first: batch, end: batch + 1 });
  }
  return ranges;
}
