import type { Clock } from '../base/clock.js';
import { VALUE_BYTES_MAX } from '../base/limits.js';
import type { Database } from '../engine/api.js';
import { BatchWriter } from './batch-writer.js';
import type { ByteSource } from './byte-source.js';
import { type KeyRule, keyOfRecord } from './key-of-record.js';
import type { IngestProgress, Progress } from './progress.js';
import { type ReadItem, type Rejection, reject } from './record-reader/record.js';
import type { RecordReader } from './record-reader/record-reader.js';
import { quarantineDraft, type RejectionSource } from './rejected/quarantine-draft.js';
import { QuarantineWriter, type RejectionCounts } from './rejected/quarantine-writer.js';
import { type TenantRule, tenantOf } from './rejected/tenant-rule.js';

export interface IngestParts {
  readonly database: Database;
  readonly source: ByteSource;
  readonly reader: RecordReader;
  readonly progress: Progress;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface IngestPlan {
  readonly keyRule: KeyRule;
  readonly rejectionSource: RejectionSource;
  readonly tenantRule: TenantRule;
  readonly recordsPerBatch: number;
  /** Whether each batch waits to be durable. Either way all is durable at the end; what is rejected always waits. */
  readonly sync: boolean;
}

/** What an ingest did. `storedRecords` are acknowledged and durable, `rejectedRecords` durable in the quarantine. */
export interface IngestResult extends RejectionCounts {
  readonly storedRecords: number;
  readonly emptyLines: number;
  readonly sourceBytes: number;
  readonly durationMs: number;
  /** The line of the last record that was dealt with, 0 if there was none. */
  readonly lastLine: number;
  readonly interrupted: boolean;
}

/**
 * Reads the source to its end, or until the signal aborts; stores what can be stored, and brings the rest to the quarantine;
 * returns when all of it is durable. A failure of the database is thrown, after the batches on their way have settled.
 */
export async function ingest(parts: IngestParts, plan: IngestPlan): Promise<IngestResult> {
  const run = new IngestRun(parts, plan);
  try {
    await run.readSource();
    await run.finish();
  } finally {
    parts.progress.stop();
  }
  return run.result();
}

class IngestRun {
  readonly #parts: IngestParts;
  readonly #plan: IngestPlan;
  readonly #writer: BatchWriter;
  readonly #rejected: QuarantineWriter;
  readonly #startMs: number;
  #sourceBytes = 0;
  #lastLine = 0;
  #interrupted = false;

  constructor(parts: IngestParts, plan: IngestPlan) {
    this.#parts = parts;
    this.#plan = plan;
    this.#writer = new BatchWriter(parts.database, plan.recordsPerBatch, plan.sync);
    this.#rejected = new QuarantineWriter(parts.database.quarantine);
    this.#startMs = parts.clock.monotonicMs();
  }

  async readSource(): Promise<void> {
    const { source, reader, signal } = this.#parts;
    for await (const chunk of source.chunks()) {
      this.#sourceBytes += chunk.length;
      await this.#take(reader.push(chunk));
      if (this.#interrupted) return;
      this.#parts.progress.report(() => this.#snapshot());
    }
    // A source that ended because of the signal may have ended in the middle of a record.
    if (signal.aborted) this.#interrupted = true;
    else await this.#take(reader.end());
  }

  /** Everything read so far, stored and kept, is durable after this. */
  async finish(): Promise<void> {
    await this.#writer.send();
    await this.#writer.settle();
    await this.#rejected.settle();
    if (!this.#plan.sync) await this.#parts.database.sync();
  }

  result(): IngestResult {
    return {
      storedRecords: this.#writer.acknowledgedRecords,
      ...this.#rejected.counts,
      emptyLines: this.#parts.reader.emptyLineCount,
      sourceBytes: this.#sourceBytes,
      durationMs: this.#parts.clock.monotonicMs() - this.#startMs,
      lastLine: this.#lastLine,
      interrupted: this.#interrupted,
    };
  }

  async #take(items: readonly ReadItem[]): Promise<void> {
    for (const item of items) {
      if (this.#parts.signal.aborted) {
        this.#interrupted = true;
        return;
      }
      const rejection = this.#accept(item);
      if (rejection !== undefined) await this.#reject(rejection);
      else if (this.#writer.isFull) await this.#writer.send();
      this.#lastLine = item.raw.line;
    }
  }

  /** Adds the record to the batch, or says why it cannot. */
  #accept(item: ReadItem): Rejection | undefined {
    if (item.kind === 'rejection') return item;
    const { raw, value } = item;
    // A CSV row grows when it becomes JSON; the splitter saw only the row.
    if (value.length > VALUE_BYTES_MAX) {
      const reason = `the value has ${value.length} bytes, more than a value may have`;
      return reject(raw, { code: 'too-large', reason }, item.fields);
    }
    const result = keyOfRecord(item, this.#plan.keyRule);
    if ('reason' in result) return reject(raw, result, item.fields);
    this.#writer.add(result.key, value);
    return undefined;
  }

  async #reject(rejection: Rejection): Promise<void> {
    const { rejectionSource, tenantRule } = this.#plan;
    const draft = quarantineDraft(rejection, rejectionSource, this.#parts.reader.header);
    await this.#rejected.add(tenantOf(rejection.fields, tenantRule), rejection.code, draft);
  }

  #snapshot(): IngestProgress {
    return {
      sourceBytes: this.#sourceBytes,
      storedRecords: this.#writer.acknowledgedRecords,
      rejectedRecords: this.#rejected.counts.rejectedRecords,
      durationMs: this.#parts.clock.monotonicMs() - this.#startMs,
      syncLagMs: this.#parts.database.stats().wal.lagMs,
    };
  }
}
