/** The child of the demo: writes the batches it is told to, and reports each before it is written and once it is durable. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BatchOperation, Database } from '../../src/engine/api.js';
import { nextInstruction, report } from '../support/child-process.js';
import { loadEngine } from '../support/engine.js';
import { EventLoopDelay } from '../support/event-loop-delay.js';
import { InFlight } from '../support/in-flight.js';
import { SampleSet } from '../support/samples.js';
import { DEMO_BATCH_RECORDS, DemoData } from './data.js';
import { encodeReport, type IngestTask } from './protocol.js';

const BATCHES_IN_FLIGHT = 16;
const STATUS_INTERVAL_MS = 100;

class Ingest {
  readonly #data: DemoData;
  readonly #db: Database;
  readonly #ackMs = new SampleSet();
  readonly #eventLoopDelay = new EventLoopDelay();
  readonly #startMs = performance.now();
  #endMs: number | undefined;
  #records = 0;
  #bytes = 0;

  constructor(data: DemoData, db: Database) {
    this.#data = data;
    this.#db = db;
  }

  async run(ranges: IngestTask['ranges']): Promise<void> {
    const inFlight = new InFlight(BATCHES_IN_FLIGHT);
    const timer = setInterval(() => this.#reportStatus(), STATUS_INTERVAL_MS);
    this.#eventLoopDelay.start();
    for (const { first, end } of ranges) {
      for (let batch = first; batch < end; batch++) {
        await inFlight.add(this.#write(batch));
        // All batches of a group are acknowledged at once: making the next sixteen in one go would be a delay of our own.
        await nextTurn();
      }
    }
    await inFlight.drain();
    this.#endMs = performance.now();
    this.#eventLoopDelay.stop();
    clearInterval(timer);
    this.#reportStatus();
  }

  async #write(batch: number): Promise<void> {
    const operations: BatchOperation[] = [];
    let bytes = 0;
    for (let index = batch * DEMO_BATCH_RECORDS; index < this.#data.batchEnd(batch); index++) {
      const { key, value } = this.#data.recordAt(index);
      bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
      operations.push({ type: 'put', key, value });
    }
    report(encodeReport({ kind: 'begin', batch }));
    const beginMs = performance.now();
    await this.#db.batch(operations);
    report(encodeReport({ kind: 'ack', batch }));
    this.#ackMs.add(performance.now() - beginMs);
    this.#records += operations.length;
    this.#bytes += bytes;
  }

  #reportStatus(): void {
    const { wal } = this.#db.stats();
    const status = {
      elapsedMs: (this.#endMs ?? performance.now()) - this.#startMs,
      records: this.#records,
      bytes: this.#bytes,
      syncs: wal.syncs,
      ackP50Ms: this.#ackMs.quantile(0.5),
      ackP99Ms: this.#ackMs.quantile(0.99),
      eventLoopDelayP99Ms: this.#eventLoopDelay.p99Ms,
      syncMode: wal.syncMode,
    };
    report(encodeReport({ kind: 'status', status }));
  }
}

const task = JSON.parse(await nextInstruction()) as IngestTask;
const data = new DemoData(task.seed, task.telemetryCount);
const { open } = await loadEngine();
const db = await open(task.directory);
await new Ingest(data, db).run(task.ranges);
await db.flush();
await db.close();
