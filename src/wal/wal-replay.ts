/**
 * Brings back what the log holds, in order, up to its end or to the first place that is bad.
 *
 * A bad place is a torn tail if nothing lost there had been acknowledged, and damage otherwise (law 6). The proof is any
 * intact frame behind it, in this segment or a later one, whose durable mark is above the last good sequence G: when it
 * was written, a record after G was already safe. An intact frame with a mark up to G only outlived the same crash.
 *
 * Replay writes nothing, so running it again gives the same (law 9). It syncs the segments that it keeps: a record that
 * only a page cache held must be durable before a reader may see it (law 2).
 */
import { join } from 'node:path';
import { alignUp } from '../base/bytes.js';
import { CorruptionError, type Damage } from '../base/errors.js';
import { logName } from '../base/file-names.js';
import type { FileSystem } from '../fs/file-system.js';
import { findDurableMark, type MarkSearch } from '../log/durable-mark-search.js';
import { FRAME_ALIGNMENT_BYTES, logIdentity } from '../log/log-format.js';
import { readLogHeader } from '../log/log-header.js';
import { type LogDamageEvent, type LogEndEvent, LogReader, type LogRecordEvent } from '../log/log-reader.js';
import { findForeignHeader } from './foreign-segment.js';
import type { LogStretch } from './log-stretch.js';
import { type ChainLink, chooseChain, type SegmentCandidate, type SegmentChain } from './segment-chain.js';
import { checkWalRecord, type SequenceRange, type WalRecordSource } from './wal-record.js';
import { decodeSegmentHeader, firstRecordOffsetBytes, type SegmentHeader } from './wal-segment.js';

export interface WalRecordPlace extends WalRecordSource, SequenceRange {
  /** The record, to be read again. */
  readonly stretch: LogStretch;
}

export interface WalReplayOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly databaseId: number;
  /** The oldest segment with unflushed records, from the manifest. */
  readonly firstNumber: number;
  /** The segments in the directory, in any order. */
  readonly presentNumbers: readonly number[];
  /** Where acknowledged records are lost: `fail` throws, `stop` keeps what stands before and reports. */
  readonly onDamage: 'fail' | 'stop';
  /** Told once, before the first record, how long the segments that will be read are; of the last one its file's size. */
  readonly onChain?: (segmentBytes: readonly number[]) => void;
  /** Gets every whole, well-formed record in sequence order; `payload` is its to keep. */
  readonly onRecord: (payload: Uint8Array, place: WalRecordPlace) => Promise<void> | void;
  /**
   * Everything up to it is in tables: records up to it may be missing from the log, and are handed out if they are there.
   * Without it the first record may have any number.
   */
  readonly flushedSequence?: number;
  /** Nothing may be written, so nothing is synced either. Default `false`. */
  readonly readOnly?: boolean;
}

export interface KeptSegment {
  readonly number: number;
  /** Where its records end: the next segment names it as `predecessorEndBytes`. */
  readonly endBytes: number;
}

export interface WalReplay {
  /** Oldest first. */
  readonly chain: readonly KeptSegment[];
  /** Present, and not part of the log. */
  readonly obsoleteNumbers: readonly number[];
  /** Where the log was cut off by a crash; nothing behind it had been acknowledged. */
  readonly tornTail: { readonly file: string; readonly offsetBytes: number } | undefined;
  /** What was found where replay stopped, with `onDamage: 'stop'`. */
  readonly damage: Damage | undefined;
  readonly records: number;
  /** Puts and deletes in the records. */
  readonly operations: number;
  /** Payload bytes of the records. */
  readonly bytes: number;
  /** The last sequence number in use, flushed or replayed; 0 when there is none. */
  readonly lastSequence: number;
}

/** Errors: STEME_CORRUPTION for lost or impossible records and missing segments, STEME_UNSUPPORTED, STEME_IO. */
export function replayWal(options: WalReplayOptions): Promise<WalReplay> {
  return new Replay(options).run();
}

/** Where a segment could not be followed further. */
interface BadPlace {
  readonly offsetBytes: number;
  readonly expected: string;
  readonly found: string;
  /** Frames from here on in the same segment are looked at for a proof of loss. */
  readonly searchFrom?: { readonly offsetBytes: number; readonly ordinal: number };
  /** No crash leaves this: it is damage without further proof. */
  readonly isCertain: boolean;
}

interface SegmentOutcome {
  readonly endBytes: number;
  readonly bad: BadPlace | undefined;
}

class Replay {
  readonly #options: WalReplayOptions;
  readonly #kept: KeptSegment[] = [];
  #lastSequence: number | undefined;
  #records = 0;
  #operations = 0;
  #bytes = 0;
  #tornTail: { file: string; offsetBytes: number } | undefined;
  #damage: Damage | undefined;
  /** A segment that was put in the place of one of ours. */
  #foreign: Damage | undefined;

  constructor(options: WalReplayOptions) {
    this.#options = options;
  }

  async run(): Promise<WalReplay> {
    const chain = await this.#findChain();
    if (this.#foreign !== undefined) this.#report(this.#foreign);
    else if (chain.fault !== undefined) this.#report({ ...chain.fault, offsetBytes: 0 });
    if (chain.headlessNumber !== undefined) this.#tornTail = { file: logName(chain.headlessNumber), offsetBytes: 0 };
    if (chain.links.length === 0 && chain.fault === undefined) await this.#judgeUnstarted();
    await this.#replayChain(chain);
    await this.#syncKept();
    const keptNumbers = new Set(this.#kept.map(({ number }) => number));
    return {
      chain: this.#kept,
      obsoleteNumbers: this.#options.presentNumbers.filter((number) => !keptNumbers.has(number)),
      tornTail: this.#damage === undefined ? this.#tornTail : undefined,
      damage: this.#damage,
      records: this.#records,
      operations: this.#operations,
      bytes: this.#bytes,
      lastSequence: this.#safeSequence,
    };
  }

  /** G: nothing up to it is missing. */
  get #safeSequence(): number {
    return Math.max(this.#options.flushedSequence ?? 0, this.#lastSequence ?? 0);
  }

  async #findChain(): Promise<SegmentChain> {
    const { firstNumber, presentNumbers } = this.#options;
    const numbers = presentNumbers.filter((number) => number >= firstNumber).sort((a, b) => a - b);
    const candidates: SegmentCandidate[] = [];
    for (const number of numbers) candidates.push({ number, header: await this.#readHeader(number) });
    return chooseChain(firstNumber, candidates);
  }

  /**
   * No segment has started. The first one may have lost its header with the machine; but it had its zeros, durably, before
   * the manifest named it, so one that is shorter than a header was cut.
   */
  async #judgeUnstarted(): Promise<void> {
    const { fileSystem, firstNumber } = this.#options;
    const file = logName(firstNumber);
    const offsetBytes = (await fileSystem.statBytes(this.#path(firstNumber))) ?? 0;
    if (offsetBytes >= firstRecordOffsetBytes(FRAME_ALIGNMENT_BYTES)) return;
    this.#report({ file, offsetBytes, expected: 'a whole segment header', found: 'the end of the file' });
  }

  /** The header of a segment that has started, else undefined. */
  async #readHeader(number: number): Promise<SegmentHeader | undefined> {
    const payload = await readLogHeader(this.#options.fileSystem, this.#path(number), this.#identity(number));
    if (payload === undefined) {
      this.#foreign ??= await findForeignHeader(this.#options.fileSystem, this.#path(number), number);
      return undefined;
    }
    const header = decodeSegmentHeader(payload, logName(number));
    return header.number === number && header.databaseId === this.#options.databaseId ? header : undefined;
  }

  async #replayChain(chain: SegmentChain): Promise<void> {
    const { links } = chain;
    await this.#announce(links);
    for (let i = 0; i < links.length; i++) {
      const { number } = links[i].header;
      const { endBytes, bad } = await this.#replaySegment(links[i]);
      this.#kept.push({ number, endBytes });
      if (bad === undefined) continue;
      const proof = bad.isCertain ? undefined : await this.#findProof(links.slice(i), bad, chain.witnesses);
      if (bad.isCertain || proof !== undefined) this.#report(damageAt(number, bad, proof));
      else this.#tornTail = { file: logName(number), offsetBytes: endBytes };
      return;
    }
    if (this.#damage !== undefined) return;
    const proof = await this.#findWitness(chain.witnesses);
    if (proof !== undefined) this.#report(this.#lostTail(proof));
  }

  async #announce(links: readonly ChainLink[]): Promise<void> {
    const segmentBytes: number[] = [];
    for (const { header, endBytes } of links) {
      segmentBytes.push(endBytes ?? (await this.#options.fileSystem.statBytes(this.#path(header.number))) ?? 0);
    }
    this.#options.onChain?.(segmentBytes);
  }

  async #replaySegment(link: ChainLink): Promise<SegmentOutcome> {
    const reader = await LogReader.open(this.#options.fileSystem, this.#path(link.header.number), this.#scanOf(link));
    try {
      for (;;) {
        const event = await reader.next();
        if (event.kind === 'end') return endOf(link, event, reader.offsetBytes);
        if (event.kind === 'damage') return { endBytes: event.endBytes, bad: badFrame(event) };
        if (event.isHeader) continue;
        const bad = await this.#replayRecord(link.header, event);
        if (bad !== undefined) return { endBytes: event.offsetBytes, bad };
      }
    } finally {
      await reader.close();
    }
  }

  async #replayRecord(header: SegmentHeader, event: LogRecordEvent): Promise<BadPlace | undefined> {
    const source = { offsetBytes: event.offsetBytes, file: logName(header.number) };
    let range: SequenceRange;
    try {
      range = checkWalRecord(event.payload, source);
      const bad = this.#continuityFault(range.firstSequence, event.offsetBytes);
      if (bad !== undefined) return bad;
    } catch (error) {
      if (error instanceof CorruptionError) return { ...error.damage, isCertain: true };
      throw error;
    }
    const pending = this.#options.onRecord(event.payload, {
      ...source,
      ...range,
      stretch: this.#stretchOf(header, event),
    });
    if (pending !== undefined) await pending;
    this.#lastSequence = range.lastSequence;
    this.#records++;
    this.#operations += range.lastSequence - range.firstSequence + 1;
    this.#bytes += event.payload.length;
    return undefined;
  }

  /** Every sequence above the flushed ones is there, once, in order. */
  #continuityFault(firstSequence: number, offsetBytes: number): BadPlace | undefined {
    const { flushedSequence } = this.#options;
    const floor = (this.#lastSequence ?? 0) + 1;
    const isAnyFirst = this.#lastSequence === undefined && flushedSequence === undefined;
    const ceiling = isAnyFirst ? firstSequence : this.#safeSequence + 1;
    if (firstSequence >= floor && firstSequence <= ceiling) return undefined;
    const found = `sequence ${firstSequence}`;
    return { offsetBytes, expected: `a record that continues at sequence ${ceiling}`, found, isCertain: true };
  }

  /** Looks behind a bad place in the first of `links` for a frame that says more was durable than what is there. */
  async #findProof(
    links: readonly ChainLink[],
    bad: BadPlace,
    witnesses: readonly number[],
  ): Promise<string | undefined> {
    const [link, ...laterLinks] = links;
    if (bad.searchFrom !== undefined) {
      const { offsetBytes, ordinal } = bad.searchFrom;
      const range = { ...this.#scanOf(link), fromBytes: offsetBytes, ordinalMin: ordinal };
      const proof = await this.#searchMark(link.header.number, range);
      if (proof !== undefined) return proof;
    }
    for (const later of laterLinks) {
      const proof = await this.#searchMark(later.header.number, {
        ...this.#scanOf(later),
        fromBytes: 0,
        ordinalMin: 0,
      });
      if (proof !== undefined) return proof;
    }
    return this.#findWitness(witnesses);
  }

  /** Nothing is known about the frames of a witness but their identity, so they are sought at every possible place. */
  async #findWitness(witnesses: readonly number[]): Promise<string | undefined> {
    for (const number of witnesses) {
      const range = { identity: this.#identity(number), fromBytes: 0, ordinalMin: 0 };
      const proof = await this.#searchMark(number, range);
      if (proof !== undefined) return proof;
    }
    return undefined;
  }

  async #searchMark(number: number, range: Omit<MarkSearch, 'markAbove'>): Promise<string | undefined> {
    const search = { ...range, markAbove: this.#safeSequence };
    const frame = await findDurableMark(this.#options.fileSystem, this.#path(number), search);
    if (frame === undefined) return undefined;
    return `sequence ${frame.durableMark} was durable, says ${logName(number)} at byte ${frame.offsetBytes}`;
  }

  /** All that is there can be read, and yet there was more. */
  #lostTail(proof: string): Damage {
    const found = `the end of the log; ${proof}`;
    if (this.#tornTail !== undefined) return { ...this.#tornTail, expected: 'the header of a log segment', found };
    const { number, endBytes } = this.#kept.at(-1) ?? { number: this.#options.firstNumber, endBytes: 0 };
    const expected = `records after sequence ${this.#safeSequence}`;
    return { file: logName(number), offsetBytes: endBytes, expected, found };
  }

  #report(damage: Damage): void {
    if (this.#options.onDamage === 'fail') throw new CorruptionError(damage);
    this.#damage = damage;
  }

  async #syncKept(): Promise<void> {
    if (this.#options.readOnly === true) return;
    for (const { number } of this.#kept) {
      const handle = await this.#options.fileSystem.open(this.#path(number), 'update');
      try {
        await handle.datasync();
      } finally {
        await handle.close();
      }
    }
  }

  #stretchOf({ number, alignmentBytes }: SegmentHeader, event: LogRecordEvent): LogStretch {
    return {
      segmentNumber: number,
      identity: this.#identity(number),
      alignmentBytes,
      startBytes: event.offsetBytes,
      startOrdinal: event.ordinal,
      endBytes: event.endBytes,
    };
  }

  #scanOf(link: ChainLink): { identity: number; alignmentBytes: number; endBytes: number | undefined } {
    const { number, alignmentBytes } = link.header;
    return { identity: this.#identity(number), alignmentBytes, endBytes: link.endBytes };
  }

  #identity(number: number): number {
    return logIdentity(this.#options.databaseId, number);
  }

  #path(number: number): string {
    return join(this.#options.directory, logName(number));
  }
}

/** A segment with a successor ends where that says; the last one ends where nothing more can be read. */
function endOf(
  { header, endBytes: limit }: ChainLink,
  { endBytes, isTorn }: LogEndEvent,
  readBytes: number,
): SegmentOutcome {
  const found = 'the end of the log';
  if (limit === undefined) {
    const bad = { offsetBytes: endBytes, expected: 'a whole record', found, isCertain: false };
    return { endBytes, bad: isTorn ? bad : undefined };
  }
  const namedEndBytes = alignUp(limit, header.alignmentBytes);
  if (endBytes === namedEndBytes) return { endBytes, bad: undefined };
  // All frames are there and the record is not whole: a crash takes frames, it does not end a segment within a record.
  const isCertain = readBytes === namedEndBytes;
  return { endBytes, bad: { offsetBytes: endBytes, expected: `whole records up to byte ${limit}`, found, isCertain } };
}

function badFrame(event: LogDamageEvent): BadPlace {
  const { offsetBytes, expected, found, nextIntact } = event;
  return { offsetBytes, expected, found, searchFrom: nextIntact, isCertain: false };
}

function damageAt(number: number, bad: BadPlace, proof: string | undefined): Damage {
  const { offsetBytes, expected } = bad;
  const found = proof === undefined ? bad.found : `${bad.found}; ${proof}`;
  return { file: logName(number), offsetBytes, expected, found };
}
