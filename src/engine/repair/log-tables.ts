import { tableName } from '../../base/file-names.js';
import { KIND_LOG_MARK, type Kind } from '../../base/internal-key.js';
import { MEMTABLE_BYTES_DEFAULT, SEQUENCE_MAX } from '../../base/limits.js';
import { unwrapReply } from '../../jobs/inline-runner.js';
import type { FlushJob } from '../../jobs/job.js';
import { runJob } from '../../jobs/run-job.js';
import { ArenaPool } from '../../memtable/arena-pool.js';
import { Memtable } from '../../memtable/memtable.js';
import type { TableMetadata } from '../../table/table-metadata.js';
import { readWalRecord, type SequenceRange } from '../../wal/wal-record.js';
import type { RepairContext } from './repair-context.js';

/** Turns records of the log into tables, a memtable at a time. In a dry run they go nowhere. */
export class LogTables {
  readonly #context: RepairContext;
  readonly #flushedSequence: number;
  readonly #arenas = new ArenaPool(MEMTABLE_BYTES_DEFAULT, 1);
  #memtable: Memtable | undefined;
  /** Oldest first. */
  readonly tables: TableMetadata[] = [];

  /** Operations up to `flushedSequence` are in tables. */
  constructor(context: RepairContext, flushedSequence: number) {
    this.#context = context;
    this.#flushedSequence = flushedSequence;
  }

  /** A record that was checked. */
  add(payload: Uint8Array, range: SequenceRange): Promise<void> | undefined {
    if (this.#context.isDryRun) return undefined;
    const count = range.lastSequence - range.firstSequence + 1;
    if (this.#memtable?.hasRoom(count, payload.length) === true) {
      this.#insert(this.#memtable, payload);
      return undefined;
    }
    return (async () => {
      await this.flush();
      this.#memtable = new Memtable(this.#arenas.acquire(Memtable.boundBytes(count, payload.length)));
      this.#insert(this.#memtable, payload);
    })();
  }

  /** What is in memory goes to a table. */
  async flush(): Promise<void> {
    const memtable = this.#memtable;
    this.#memtable = undefined;
    if (memtable === undefined) return;
    const { fileSystem, settings } = this.#context;
    const number = this.#context.allocateNumber();
    const moments = [SEQUENCE_MAX];
    const job: FlushJob = { kind: 'flush', memtable: memtable.share(), moments, number, settings };
    const { tables } = unwrapReply<FlushJob>(await runJob(fileSystem, job));
    this.tables.push(...tables);
    this.#context.written.push(...tables.map((table) => tableName(table.number)));
    this.#arenas.release(memtable.arena);
  }

  #insert(memtable: Memtable, payload: Uint8Array): void {
    const flushedSequence = this.#flushedSequence;
    const visitor = {
      operation(sequence: number, kind: Kind, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number) {
        if (sequence <= flushedSequence || kind === KIND_LOG_MARK) return;
        memtable.insert(sequence, kind, payload, keyStart, keyEnd, payload, valueStart, valueEnd);
      },
    };
    readWalRecord(payload, visitor, { file: 'the log', offsetBytes: 0 });
  }
}
