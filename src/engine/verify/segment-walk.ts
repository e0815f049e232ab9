import { join } from 'node:path';
import { readUint32 } from '../../base/bytes.js';
import { CorruptionError } from '../../base/errors.js';
import { logName } from '../../base/file-names.js';
import type { FileSystem } from '../../fs/file-system.js';
import { findDurableMark } from '../../log/durable-mark-search.js';
import { FRAME_HEADER_BYTES, logIdentity } from '../../log/log-format.js';
import { readLogHeader } from '../../log/log-header.js';
import { type LogDamageEvent, LogReader, type LogRecordEvent } from '../../log/log-reader.js';
import { checkWalRecord } from '../../wal/wal-record.js';
import { decodeSegmentHeader } from '../../wal/wal-segment.js';
import { type Finding, findingOf } from '../finding.js';

export interface SegmentWalk {
  readonly operations: number;
  readonly bytes: number;
  readonly findings: readonly Finding[];
  /** Whether it was ever written to. */
  readonly isStarted: boolean;
}

/** Where the database's id stands in frame 0 of a segment (wal-segment.ts). */
const DATABASE_ID_AT = FRAME_HEADER_BYTES + 4;

/**
 * Walks one segment of a log by itself, past every bad place in it, and so finds what a replay, which ends at the first one, does not.
 * Without a `databaseId` it is taken from the header, which is checked against it.
 */
export async function walkSegment(
  fileSystem: FileSystem,
  directory: string,
  number: number,
  knownId?: number,
): Promise<SegmentWalk> {
  const path = join(directory, logName(number));
  const databaseId = knownId ?? (await claimedDatabaseId(fileSystem, path));
  const identity = logIdentity(databaseId, number);
  const payload = await readLogHeader(fileSystem, path, identity);
  if (payload === undefined) return { operations: 0, bytes: 0, findings: [], isStarted: false };
  const { alignmentBytes } = decodeSegmentHeader(payload, logName(number));
  const reader = await LogReader.open(fileSystem, path, { identity, alignmentBytes });
  try {
    return await new Walk(fileSystem, path, number, reader, { identity, alignmentBytes }).run();
  } finally {
    await reader.close();
  }
}

class Walk {
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  readonly #file: string;
  readonly #reader: LogReader;
  readonly #scan: { readonly identity: number; readonly alignmentBytes: number };
  readonly #findings: Finding[] = [];
  #lastSequence = 0;
  #operations = 0;
  #bytes = 0;

  constructor(
    fileSystem: FileSystem,
    path: string,
    number: number,
    reader: LogReader,
    scan: { readonly identity: number; readonly alignmentBytes: number },
  ) {
    this.#fileSystem = fileSystem;
    this.#path = path;
    this.#file = logName(number);
    this.#reader = reader;
    this.#scan = scan;
  }

  async run(): Promise<SegmentWalk> {
    for (;;) {
      const event = await this.#reader.next();
      if (event.kind === 'end') break;
      if (event.kind === 'record') this.#takeRecord(event);
      else if (await this.#isProven(event)) {
        this.#findings.push(findingOf('log', { ...event, file: this.#file }));
        this.#reader.resume();
      } else break;
    }
    return { operations: this.#operations, bytes: this.#bytes, findings: this.#findings, isStarted: true };
  }

  #takeRecord({ payload, offsetBytes, isHeader }: LogRecordEvent): void {
    if (isHeader) return;
    this.#bytes += payload.length;
    try {
      const { firstSequence, lastSequence } = checkWalRecord(payload, { file: this.#file, offsetBytes });
      this.#operations += lastSequence - firstSequence + 1;
      this.#lastSequence = lastSequence;
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.#findings.push(findingOf('log', error.damage));
    }
  }

  /** Frames behind it may have outlived the same crash: only one that says that more was durable makes it damage (law 6). */
  async #isProven({ nextIntact }: LogDamageEvent): Promise<boolean> {
    const proof = await findDurableMark(this.#fileSystem, this.#path, {
      ...this.#scan,
      fromBytes: nextIntact.offsetBytes,
      ordinalMin: nextIntact.ordinal,
      markAbove: this.#lastSequence,
    });
    return proof !== undefined;
  }
}

async function claimedDatabaseId(fileSystem: FileSystem, path: string): Promise<number> {
  const handle = await fileSystem.open(path, 'read');
  try {
    const bytes = new Uint8Array(DATABASE_ID_AT + 4);
    await handle.read(bytes, 0);
    return readUint32(bytes, DATABASE_ID_AT);
  } finally {
    await handle.close();
  }
}
