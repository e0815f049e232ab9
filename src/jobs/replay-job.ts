import { EMPTY_BYTES } from '../base/bytes.js';
import { CorruptionError } from '../base/errors.js';
import type { Kind } from '../base/internal-key.js';
import { KIND_LOG_MARK, KIND_RANGE_DELETE } from '../base/internal-key.js';
import type { FileSystem } from '../fs/file-system.js';
import { DeferredInserts } from '../memtable/deferred-inserts.js';
import { Memtable } from '../memtable/memtable.js';
import { type LogStretch, readStretch } from '../wal/log-stretch.js';
import { readWalRecord, type WalRecordSource, type WalRecordVisitor } from '../wal/wal-record.js';
import type { ReplayJob, ReplayOutput } from './job.js';
import { TurnPacer } from './turn-pacer.js';

/** The more are linked at once, the closer they lie; each takes 20 bytes meanwhile. */
const UNLINKED_RECORDS_MAX = 1024 * 1024;
/** What a step of linking counts as, where turns are taken by the bytes worked on. */
const LINK_STEP_BYTES = 512 * 1024;

/** Fills a memtable with what stands in the log, record by record in its order, as far as there is room. */
export async function runReplay(fileSystem: FileSystem, job: ReplayJob): Promise<ReplayOutput> {
  const startedAtMs = performance.now();
  const { inserter, rest, isCut } = await fillMemtable(fileSystem, job);
  if (!isCut) return { ...inserter.filled, rest, elapsedMs: performance.now() - startedAtMs };
  // A record is in one memtable as a whole: if only that one came to be flushed before a machine is lost, no batch is halved.
  const again = await fillMemtable(fileSystem, { ...job, stretches: stretchesBefore(job.stretches, rest) });
  return { ...again.inserter.filled, rest, elapsedMs: performance.now() - startedAtMs };
}

interface Filling {
  readonly inserter: RecordInserter;
  /** From the first record on that found no room for all of it. */
  readonly rest: readonly LogStretch[];
  /** Some of that record is in the memtable. */
  readonly isCut: boolean;
}

async function fillMemtable(fileSystem: FileSystem, job: ReplayJob): Promise<Filling> {
  const inserter = new RecordInserter(Memtable.begin(job.memtable), job.afterSequence);
  const pacer = new TurnPacer();
  let rest: readonly LogStretch[] = [];
  let isCut = false;
  for (let i = 0; i < job.stretches.length && rest.length === 0; i++) {
    await readStretch(fileSystem, job.directory, job.stretches[i], async (payload, source, stretch) => {
      const { lastSequence } = inserter;
      inserter.insertAll(payload, source);
      if (inserter.isFull) {
        rest = [stretch, ...job.stretches.slice(i + 1)];
        isCut = inserter.lastSequence !== lastSequence;
      } else if (pacer.isDue(payload.length)) await pacer.turn();
      if (inserter.isLinkDue) await linkInTurns(inserter, pacer);
      return !inserter.isFull;
    });
  }
  await linkInTurns(inserter, pacer);
  return { inserter, rest, isCut };
}

async function linkInTurns(inserter: RecordInserter, pacer: TurnPacer): Promise<void> {
  for (const _ of inserter.linkInSteps()) if (pacer.isDue(LINK_STEP_BYTES)) await pacer.turn();
}

/** What is left of `stretches` without the `rest` at their end. */
function stretchesBefore(stretches: readonly LogStretch[], rest: readonly LogStretch[]): LogStretch[] {
  const whole = stretches.slice(0, stretches.length - rest.length);
  const cut = stretches[whole.length];
  const [{ startBytes }] = rest;
  return startBytes === cut.startBytes ? whole : [...whole, { ...cut, endBytes: startBytes }];
}

/** The one way from a record of the log into a memtable. */
class RecordInserter implements WalRecordVisitor {
  readonly #memtable: Memtable;
  readonly #inserts: DeferredInserts;
  #payload: Uint8Array = EMPTY_BYTES;
  #source: WalRecordSource = { file: '', offsetBytes: 0 };
  /** The last sequence that needs no insert any more. */
  lastSequence: number;
  /** An operation found no room: it and all behind it are left out. */
  isFull = false;

  constructor(memtable: Memtable, afterSequence: number) {
    this.#memtable = memtable;
    this.#inserts = new DeferredInserts(memtable);
    this.lastSequence = afterSequence;
  }

  get filled(): Pick<ReplayOutput, 'fill' | 'lastSequence'> {
    return { fill: this.#memtable.fill, lastSequence: this.lastSequence };
  }

  get isLinkDue(): boolean {
    return this.#inserts.count >= UNLINKED_RECORDS_MAX;
  }

  linkInSteps(): Generator<void> {
    return this.#inserts.linkInSteps();
  }

  insertAll(payload: Uint8Array, source: WalRecordSource): void {
    // A Buffer's views cost three times as much.
    this.#payload = new Uint8Array(payload.buffer, payload.byteOffset, payload.length);
    this.#source = source;
    readWalRecord(this.#payload, this, source);
  }

  operation(
    sequence: number,
    kind: Kind,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    if (sequence <= this.lastSequence || this.isFull) return;
    if (kind === KIND_LOG_MARK) throw lostEdit(this.#source, sequence, this.lastSequence);
    if (!this.#makeRoom(valueEnd - keyStart)) {
      this.isFull = true;
      return;
    }
    const payload = this.#payload;
    if (kind === KIND_RANGE_DELETE) {
      this.#memtable.insert(sequence, kind, payload, keyStart, keyEnd, payload, valueStart, valueEnd);
    } else {
      this.#inserts.add(sequence, kind, payload, keyStart, keyEnd, payload, valueStart, valueEnd);
    }
    this.lastSequence = sequence;
  }

  /** Of a record that is not linked yet the worst has to be assumed; what it takes is known afterwards. */
  #makeRoom(keyAndValueBytes: number): boolean {
    if (this.#memtable.hasRoom(1, keyAndValueBytes)) return true;
    for (const _ of this.linkInSteps());
    return this.#memtable.hasRoom(1, keyAndValueBytes);
  }
}

/** The edit that has this sequence was durable before its mark was written (bulk-load.ts), and would have it skipped. */
function lostEdit({ file, offsetBytes }: WalRecordSource, sequence: number, sequenceBefore: number): CorruptionError {
  const expected = `a manifest with the bulk load of sequence ${sequence}, whose mark stands here`;
  const found = `one from before it, and records up to sequence ${sequenceBefore}: the end of the manifest is damaged`;
  return new CorruptionError({ file, offsetBytes, expected, found });
}
