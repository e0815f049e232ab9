/** Reads the intake as a crash, or an orderly end, has left it: what had been acknowledged, file by file. */
import { join } from 'node:path';
import { CorruptionError } from '../base/errors.js';
import { DIRECT_IO_BLOCK_BYTES } from '../base/limits.js';
import type { FileSystem } from '../fs/file-system.js';
import { findDurableMark } from '../log/durable-mark-search.js';
import { FrameScanner, type ScanOptions } from '../log/frame-scanner.js';
import { FRAME_ALIGNMENT_BYTES } from '../log/log-format.js';
import { readLogHeader } from '../log/log-header.js';
import { LogReader, type LogRecordEvent } from '../log/log-reader.js';
import { type EncodedEntry, withBytes } from './encoded-entry.js';
import { decodeEntry } from './entry-codec.js';
import { cutShort, damageOf, wasDurable } from './journal-events.js';
import { intakeName, journalFileNumbers } from './journal-files.js';
import { decodeJournalHeader, JOURNAL_INTAKE, type JournalHeader, journalIdentity } from './journal-header.js';

export interface IntakeContents {
  readonly number: number;
  /** No entry in it has a smaller number. */
  readonly firstEntry: number;
  readonly entries: readonly EncodedEntry[];
  /** Where they end in the file. */
  readonly endBytes: number;
  /** What had been acknowledged and cannot be read. It may be in the segments of its tenants all the same. */
  readonly damages: readonly CorruptionError[];
}

export interface Intake {
  /** Oldest first; those that were never started are not among them. */
  readonly files: readonly IntakeContents[];
  /** Every file of the intake, started or not. */
  readonly numbers: readonly number[];
  /** Of the next entry; undefined where no file says so. */
  readonly nextEntry: number | undefined;
  /** No entry was appended later; undefined where no file says so. */
  readonly lastAppendMs: number | undefined;
}

/** A file as its header has it, or, where that is damaged, as the frames behind it tell. */
interface StartedFile {
  readonly path: string;
  readonly number: number;
  readonly scan: Required<Omit<ScanOptions, 'endBytes'>>;
  /** Undefined where the header is damaged. */
  readonly header: JournalHeader | undefined;
  /** Where its first frame stands that can be read. */
  readonly from: { readonly offsetBytes: number; readonly ordinal: number };
  readonly damage: CorruptionError | undefined;
}

/** `directory` is that of the quarantine. Errors: STEME_IO, STEME_UNSUPPORTED; damage is no error here. */
export async function readIntake(fileSystem: FileSystem, directory: string, databaseId: number): Promise<Intake> {
  const numbers = journalFileNumbers(await fileSystem.list(directory), 'intake');
  const started: StartedFile[] = [];
  for (const number of numbers) {
    const file = await startOf(fileSystem, join(directory, intakeName(number)), databaseId, number);
    if (file !== undefined) started.push(file);
  }
  const files: IntakeContents[] = [];
  for (let i = 0; i < started.length; i++) {
    // What the successor was not told of was refused.
    files.push(await readFile(fileSystem, started[i], started.at(i + 1)?.header?.predecessorEndBytes));
  }
  return { files, numbers, nextEntry: nextEntryOf(started, files), lastAppendMs: lastAppendMsOf(started, files) };
}

function lastAppendMsOf(started: readonly StartedFile[], files: readonly IntakeContents[]): number | undefined {
  const times = [
    ...started.flatMap(({ header }) => header?.createdAtMs ?? []),
    ...files.flatMap(({ entries }) => entries.at(-1)?.appendedAtMs ?? []),
  ];
  return times.length === 0 ? undefined : Math.max(...times);
}

/** Of the entries that can be read, ascending. */
export function numbersByTenant({ files }: Intake): Map<string, number[]> {
  const numbers = new Map<string, number[]>();
  for (const { tenant, number } of files.flatMap(({ entries }) => entries)) {
    const known = numbers.get(tenant);
    if (known === undefined) numbers.set(tenant, [number]);
    else known.push(number);
  }
  return numbers;
}

/** Undefined for a file that was never started. */
async function startOf(
  fileSystem: FileSystem,
  path: string,
  databaseId: number,
  number: number,
): Promise<StartedFile | undefined> {
  const identity = journalIdentity({ databaseId, kind: JOURNAL_INTAKE, number, tenant: '' });
  const payload = await readLogHeader(fileSystem, path, identity);
  if (payload === undefined) return startWithoutHeader(fileSystem, path, number, identity);
  const header = decodeJournalHeader(payload, path);
  const scan = { identity, alignmentBytes: header.alignmentBytes };
  return { path, number, scan, header, from: { offsetBytes: 0, ordinal: 0 }, damage: undefined };
}

/** Frames of this file without its header: that is damaged if one of them knows that it was durable; else a crash has torn it. */
async function startWithoutHeader(
  fileSystem: FileSystem,
  path: string,
  number: number,
  identity: number,
): Promise<StartedFile | undefined> {
  const scanner = await FrameScanner.open(fileSystem, path, { identity });
  try {
    const frame = await scanner.findIntact(0, 1);
    if (frame === undefined) return undefined;
    const { offsetBytes, ordinal } = frame;
    const isDirect = offsetBytes % DIRECT_IO_BLOCK_BYTES === 0;
    const scan = { identity, alignmentBytes: isDirect ? DIRECT_IO_BLOCK_BYTES : FRAME_ALIGNMENT_BYTES };
    const search = { ...scan, fromBytes: offsetBytes, ordinalMin: ordinal, markAbove: 0 };
    const wasWhole = (await findDurableMark(fileSystem, path, search)) !== undefined;
    const expected = 'the header of an intake file';
    const damage = wasWhole
      ? new CorruptionError({ file: path, offsetBytes: 0, expected, found: 'other bytes' })
      : undefined;
    return { path, number, scan, header: undefined, from: { offsetBytes, ordinal }, damage };
  } finally {
    await scanner.close();
  }
}

function nextEntryOf(started: readonly StartedFile[], files: readonly IntakeContents[]): number | undefined {
  const firstEntries = started.flatMap(({ header }) => header?.firstEntry ?? []);
  const lastEntries = files.flatMap(({ entries }) => entries.at(-1)?.number ?? []);
  if (firstEntries.length === 0 && lastEntries.length === 0) return undefined;
  return Math.max(...firstEntries, ...lastEntries.map((number) => number + 1));
}

async function readFile(
  fileSystem: FileSystem,
  { path, number, scan: found, header, from, damage }: StartedFile,
  endBytes: number | undefined,
): Promise<IntakeContents> {
  const scan = { ...found, endBytes };
  const reader = await LogReader.open(fileSystem, path, { ...scan, from });
  const entries: EncodedEntry[] = [];
  const damages: CorruptionError[] = damage === undefined ? [] : [damage];
  try {
    for (;;) {
      const event = await reader.next();
      if (event.kind === 'record') {
        if (!event.isHeader) takeEntries(event, path, entries, damages);
      } else if (event.kind === 'damage' && (await wasDurable(fileSystem, path, event, scan))) {
        damages.push(damageOf(path, event));
        reader.resume();
      } else {
        const isShort = endBytes !== undefined && event.endBytes < endBytes;
        if (isShort) damages.push(cutShort(path, event.endBytes, endBytes));
        const firstEntry = header?.firstEntry ?? entries.at(0)?.number ?? 0;
        return { number, firstEntry, entries, endBytes: event.endBytes, damages };
      }
    }
  } finally {
    await reader.close();
  }
}

function takeEntries(
  { payload, offsetBytes }: LogRecordEvent,
  file: string,
  entries: EncodedEntry[],
  damages: CorruptionError[],
): void {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  try {
    for (let at = 0; at < bytes.length; ) {
      const { entry, end } = decodeEntry(bytes, at, { file, offsetBytes });
      entries.push(withBytes(entry, bytes.subarray(at, end)));
      at = end;
    }
  } catch (error) {
    // A frame that is whole with something else in it: no crash leaves that.
    if (!(error instanceof CorruptionError)) throw error;
    damages.push(error);
  }
}
