/** Reads the intake as a crash, or an orderly end, has left it: what had been acknowledged, file by file. */
import { join } from 'node:path';
import { CorruptionError } from '../base/errors.js';
import type { FileSystem } from '../fs/file-system.js';
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

interface StartedFile {
  readonly path: string;
  readonly header: JournalHeader;
}

/** `directory` is that of the quarantine. Errors: STEME_IO, STEME_UNSUPPORTED; damage is no error here. */
export async function readIntake(fileSystem: FileSystem, directory: string, databaseId: number): Promise<Intake> {
  const numbers = journalFileNumbers(await fileSystem.list(directory), 'intake');
  const started: StartedFile[] = [];
  for (const number of numbers) {
    const path = join(directory, intakeName(number));
    const identity = journalIdentity({ databaseId, kind: JOURNAL_INTAKE, number, tenant: '' });
    const payload = await readLogHeader(fileSystem, path, identity);
    if (payload !== undefined) started.push({ path, header: decodeJournalHeader(payload, path) });
  }
  const files: IntakeContents[] = [];
  for (let i = 0; i < started.length; i++) {
    // What the successor was not told of was refused.
    files.push(await readFile(fileSystem, started[i], started.at(i + 1)?.header.predecessorEndBytes));
  }
  return { files, numbers, nextEntry: nextEntryOf(started, files), lastAppendMs: lastAppendMsOf(started, files) };
}

function lastAppendMsOf(started: readonly StartedFile[], files: readonly IntakeContents[]): number | undefined {
  const newest = started.at(-1);
  if (newest === undefined) return undefined;
  return Math.max(newest.header.createdAtMs, files.at(-1)?.entries.at(-1)?.appendedAtMs ?? 0);
}

function nextEntryOf(started: readonly StartedFile[], files: readonly IntakeContents[]): number | undefined {
  const newest = started.at(-1);
  if (newest === undefined) return undefined;
  const lastEntry = files.at(-1)?.entries.at(-1)?.number ?? 0;
  return Math.max(lastEntry + 1, newest.header.firstEntry);
}

async function readFile(
  fileSystem: FileSystem,
  { path, header }: StartedFile,
  endBytes: number | undefined,
): Promise<IntakeContents> {
  const scan = { identity: journalIdentity(header), alignmentBytes: header.alignmentBytes, endBytes };
  const reader = await LogReader.open(fileSystem, path, scan);
  const entries: EncodedEntry[] = [];
  const damages: CorruptionError[] = [];
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
        return { number: header.number, firstEntry: header.firstEntry, entries, endBytes: event.endBytes, damages };
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
