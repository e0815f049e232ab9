import { join } from 'node:path';
import { alignUp } from '../../base/bytes.js';
import { CorruptionError } from '../../base/errors.js';
import { logName } from '../../base/file-names.js';
import { findDurableMark } from '../../log/durable-mark-search.js';
import type { ScanOptions } from '../../log/frame-scanner.js';
import { logIdentity } from '../../log/log-format.js';
import { readLogHeader } from '../../log/log-header.js';
import { type LogDamageEvent, LogReader } from '../../log/log-reader.js';
import type { SegmentCandidate } from '../../wal/segment-chain.js';
import { checkWalRecord, type SequenceRange } from '../../wal/wal-record.js';
import { decodeSegmentHeader } from '../../wal/wal-segment.js';
import type { RepairContext } from './repair-context.js';
import type { LostSpan, RepairedFile, SequenceGap } from './repair-report.js';
import { type SalvageLink, salvageChain } from './salvage-chain.js';

export interface LogToSalvage {
  readonly databaseId: number;
  /** Segments in the directory that may be part of the log, ascending. */
  readonly numbers: readonly number[];
  /** Records up to it are in tables. */
  readonly flushedSequence: number;
  /** Gets every intact record above the flushed ones, in the order of sequences, whole. */
  readonly onRecord: (payload: Uint8Array, range: SequenceRange) => Promise<void> | void;
}

export interface SalvagedLog {
  readonly files: readonly RepairedFile[];
  readonly gaps: readonly SequenceGap[];
  readonly recordCount: number;
  /** Of what was salvaged, and of what was flushed. */
  readonly lastSequence: number;
}

/**
 * Reads all that is intact of a log, also behind damage. Where nothing behind a bad place says that more had been acknowledged, it
 * is a torn tail, and the log ends there, as it does for recovery. Errors: STEME_UNSUPPORTED, STEME_IO.
 */
export async function salvageLog(context: RepairContext, log: LogToSalvage): Promise<SalvagedLog> {
  return new LogSalvage(context, log).run();
}

interface SegmentSalvage {
  readonly problems: string[];
  readonly spans: LostSpan[];
  recordCount: number;
}

class LogSalvage {
  readonly #context: RepairContext;
  readonly #log: LogToSalvage;
  readonly #gaps: SequenceGap[] = [];
  #lastSequence: number;
  #recordCount = 0;
  #isOver = false;
  #links: readonly SalvageLink[] = [];

  constructor(context: RepairContext, log: LogToSalvage) {
    this.#context = context;
    this.#log = log;
    this.#lastSequence = log.flushedSequence;
  }

  async run(): Promise<SalvagedLog> {
    const candidates: SegmentCandidate[] = [];
    for (const number of this.#log.numbers) candidates.push(await this.#candidate(number));
    this.#links = salvageChain(candidates);
    const files: RepairedFile[] = [];
    for (let i = 0; i < this.#links.length && !this.#isOver; i++) files.push(await this.#salvageSegment(i));
    return { files, gaps: this.#gaps, recordCount: this.#recordCount, lastSequence: this.#lastSequence };
  }

  async #candidate(number: number): Promise<SegmentCandidate> {
    try {
      const payload = await readLogHeader(this.#context.fileSystem, this.#path(number), this.#identity(number));
      const header = payload && decodeSegmentHeader(payload, logName(number));
      return { number, header: header?.number === number ? header : undefined };
    } catch (error) {
      if (error instanceof CorruptionError) return { number, header: undefined };
      throw error;
    }
  }

  async #salvageSegment(index: number): Promise<RepairedFile> {
    const link = this.#links[index];
    const file = logName(link.number);
    const found: SegmentSalvage = { problems: [], spans: [], recordCount: 0 };
    if (link.alignmentBytes === undefined) found.problems.push('its header cannot be read');
    const reader = await LogReader.open(this.#context.fileSystem, this.#path(link.number), this.#scanOf(link));
    try {
      await this.#readSegment(index, reader, found);
    } finally {
      await reader.close();
    }
    const { problems, spans, recordCount } = found;
    return {
      file,
      kind: 'log',
      outcome: problems.length === 0 ? 'rebuilt' : recordCount > 0 ? 'salvaged' : 'lost',
      problems,
      newFile: undefined,
      keptEntries: 0,
      lostEntries: problems.length === 0 ? 0 : undefined,
      keys: undefined,
      spans,
    };
  }

  async #readSegment(index: number, reader: LogReader, found: SegmentSalvage): Promise<void> {
    const link = this.#links[index];
    for (;;) {
      const event = await reader.next();
      if (event.kind === 'end') {
        await this.#judgeEnd(index, event.endBytes, found);
        return;
      }
      if (event.kind === 'damage') {
        if (!(await this.#isLoss(index, event))) {
          this.#isOver = true;
          return;
        }
        await this.#noteSpan(link, event.endBytes, event.nextIntact.offsetBytes, event.found, found);
        reader.resume();
        continue;
      }
      const pending = this.#context.progress(event.payload.length);
      if (pending !== undefined) await pending;
      if (!event.isHeader) await this.#takeRecord(link, event, found);
    }
  }

  async #takeRecord(
    link: SalvageLink,
    { payload, offsetBytes, endBytes }: { payload: Uint8Array; offsetBytes: number; endBytes: number },
    found: SegmentSalvage,
  ): Promise<void> {
    let range: SequenceRange;
    try {
      range = checkWalRecord(payload, { file: logName(link.number), offsetBytes });
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      await this.#noteSpan(link, offsetBytes, endBytes, `a record with ${error.damage.found}`, found);
      return;
    }
    if (range.lastSequence <= this.#lastSequence) return;
    const isRepeated = range.firstSequence <= this.#lastSequence && this.#lastSequence > this.#log.flushedSequence;
    if (isRepeated) {
      const problem = `a record that repeats sequence ${range.firstSequence}`;
      await this.#noteSpan(link, offsetBytes, endBytes, problem, found);
      return;
    }
    if (range.firstSequence > this.#lastSequence + 1) {
      this.#gaps.push({ first: this.#lastSequence + 1, last: range.firstSequence - 1 });
    }
    const pending = this.#log.onRecord(payload, range);
    if (pending !== undefined) await pending;
    this.#lastSequence = range.lastSequence;
    this.#recordCount++;
    found.recordCount++;
  }

  /** A segment with a successor ends where that says. */
  async #judgeEnd(index: number, endBytes: number, found: SegmentSalvage): Promise<void> {
    const link = this.#links[index];
    const limit = link.endBytes;
    if (limit === undefined) return;
    const namedEndBytes = alignUp(limit, link.alignmentBytes ?? 1);
    if (endBytes >= namedEndBytes) return;
    if (!(await this.#isMarkBehind(index + 1))) {
      this.#isOver = true;
      return;
    }
    const fileBytes = (await this.#context.fileSystem.statBytes(this.#path(link.number))) ?? 0;
    const problem = `its records end at byte ${endBytes}, and went on to byte ${limit}`;
    await this.#noteSpan(link, endBytes, Math.min(namedEndBytes, fileBytes), problem, found);
  }

  /** Whether anything behind the bad place was written when more than what stands before it was durable (law 6). */
  async #isLoss(index: number, { nextIntact }: LogDamageEvent): Promise<boolean> {
    const link = this.#links[index];
    const { offsetBytes, ordinal } = nextIntact;
    const search = { ...this.#scanOf(link), fromBytes: offsetBytes, ordinalMin: ordinal };
    if (await this.#hasMark(link.number, search)) return true;
    return this.#isMarkBehind(index + 1);
  }

  async #isMarkBehind(from: number): Promise<boolean> {
    for (const link of this.#links.slice(from)) {
      if (await this.#hasMark(link.number, { ...this.#scanOf(link), fromBytes: 0, ordinalMin: 0 })) return true;
    }
    return false;
  }

  async #hasMark(number: number, search: ScanOptions & { fromBytes: number; ordinalMin: number }): Promise<boolean> {
    const { fileSystem } = this.#context;
    const markAbove = this.#lastSequence;
    return (await findDurableMark(fileSystem, this.#path(number), { ...search, markAbove })) !== undefined;
  }

  async #noteSpan(
    link: SalvageLink,
    offsetBytes: number,
    endBytes: number,
    problem: string,
    found: SegmentSalvage,
  ): Promise<void> {
    found.problems.push(problem);
    const savedAs = await this.#context.setAside.saveSpan(logName(link.number), offsetBytes, endBytes);
    found.spans.push({ offsetBytes, endBytes, savedAs, keys: undefined });
  }

  #scanOf({ number, alignmentBytes, endBytes }: SalvageLink): ScanOptions {
    return {
      identity: this.#identity(number),
      ...(alignmentBytes !== undefined && { alignmentBytes }),
      ...(endBytes !== undefined && { endBytes }),
    };
  }

  #identity(number: number): number {
    return logIdentity(this.#log.databaseId, number);
  }

  #path(number: number): string {
    return join(this.#context.directory, logName(number));
  }
}
