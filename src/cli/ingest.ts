import type { Clock } from '../base/clock.js';
import { VALUE_BYTES_MAX } from '../base/limits.js';
import type { Database } from '../engine/api.js';
import { BatchWriter } from './batch-writer.js';
import type { ByteSource } from './byte-source.js';
import { type KeyRule, keyOfRecord } from './key-of-record.js';
import type { IngestProgress, Progress } from './progress.js';
import { type ReadItem, type Rejection, reject } from './record-reader/record.js';
import type { RecordReader } from './record-reader/record-reader.js';
import type { RejectedFile } from './rejected-file.js';

export interface IngestParts {
  readonly database: Database;
  readonly source: ByteSource;
  readonly reader: RecordReader;
  readonly rejected: RejectedFile;
  readonly progress: Progress;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface IngestPlan {
  readonly keyRule: KeyRule;
  readonly recordsPerBatch: number;
  /** Whether each batch waits to be durable. Either way all is durable at the end. */
  readonly sync: boolean;
}

/** What an ingest did. `storedRecords` are acknowledged and durable. */
export interface IngestResult {
  readonly storedRecords: number;
  readonly rejectedRecords: number;
  readonly emptyLines: number;
  readonly sourceBytes: number;
  readonly durationMs: number;
  /** The line of the last record that was dealt with, 0 if there was none. */
  readonly lastLine: number;
  readonly interrupted: boolean;
}

/**
 * Reads the source to its end, or until the signal aborts; stores what can be stored, keeps the rest as rejected; returns
 * when all of it is durable. A failure of the database is thrown, after the batches on their way have settled.
 */
export async function ingest(parts: IngestParts, plan: IngestPlan): Promise<IngestResult> {
  const run = new IngestRun(parts, plan);
  try {
    await run.readSource();
    await run.finish();
  } finally {
    await run.release();
  }
  return run.result();
}

class IngestRun {
  readonly #parts: IngestParts;
  readonly #plan: IngestPlan;
  readonly #writer: BatchWriter;
  readonly #startMs: number;
  #sourceBytes = 0;
  #rejectedRecords = 0;
  #lastLine = 0;
  #interrupted = false;

  constructor(parts: IngestParts, plan: IngestPlan) {
    this.#parts = parts;
    this.#plan = plan;
    this.#writer = new BatchWriter(parts.database, plan.recordsPerBatch, plan.sync);
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
    if (!this.#plan.sync) await this.#parts.database.sync();
  }

  async release(): Promise<void> {
    this.#parts.progress.stop();
    await this.#parts.rejected.close();
  }

  result(): IngestResult {
    return {
      storedRecords: this.#writer.acknowledgedRecords,
      rejectedRecords: this.#rejectedRecords,
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
    if (value.length > VALUE_BYTES_MAX)
      return reject(raw, `the value has ${value.length} bytes, more than a value may have`);
    const result = keyOfRecord(item, this.#plan.keyRule);
    if ('reason' in result) return reject(raw, result.reason);
    this.#writer.add(result.key, value);
    return undefined;
  }

  async #reject(rejection: Rejection): Promise<void> {
    await this.#parts.rejected.add(rejection, this.#plan.keyRule.sourceName);
    this.#rejectedRecords++;
  }

  #snapshot(): IngestProgress {
    return {
      sourceBytes: this.#sourceBytes,
      storedRecords: this.#writer.acknowledgedRecords,
      rejectedRecords: this.#rejectedRecords,
      durationMs: this.#parts.clock.monotonicMs() - this.#startMs,
      syncLagMs: this.#parts.database.stats().wal.lagMs,
    };
  }
}
