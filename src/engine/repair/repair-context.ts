import type { JsonBytes } from '../../base/json-bytes.js';
import { jsonBytes } from '../../base/json-bytes.js';
import type { FileSystem } from '../../fs/file-system.js';
import type { TableSettings } from '../../jobs/job.js';
import { TurnPacer } from '../../jobs/turn-pacer.js';
import { throwIfEnded } from '../long-calls.js';
import type { LostValue } from './repair-report.js';
import type { SetAside } from './set-aside.js';

/** So many lost values are named one by one. */
const LOST_VALUES_MAX = 10_000;

/** What all steps of one repair share. */
export class RepairContext {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly isDryRun: boolean;
  readonly settings: TableSettings;
  readonly setAside: SetAside;
  readonly notes: string[] = [];
  readonly lostValues: LostValue[] = [];
  lostValueCount = 0;
  /** Names of the files that were written so far: nobody's until the manifest names them. */
  readonly written: string[] = [];
  readonly #signal: AbortSignal;
  readonly #onBytes: (bytes: number) => void;
  readonly #pacer = new TurnPacer();
  #nextNumber: number;

  constructor(fields: {
    fileSystem: FileSystem;
    directory: string;
    isDryRun: boolean;
    settings: TableSettings;
    setAside: SetAside;
    nextNumber: number;
    signal: AbortSignal;
    onBytes: (bytes: number) => void;
  }) {
    this.fileSystem = fields.fileSystem;
    this.directory = fields.directory;
    this.isDryRun = fields.isDryRun;
    this.settings = fields.settings;
    this.setAside = fields.setAside;
    this.#signal = fields.signal;
    this.#onBytes = fields.onBytes;
    this.#nextNumber = fields.nextNumber;
  }

  get nextNumber(): number {
    return this.#nextNumber;
  }

  allocateNumber(): number {
    return this.#nextNumber++;
  }

  /** The next number will be `atLeast` or more. */
  raiseNumber(atLeast: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, atLeast);
  }

  /** Counts work. What it returns, if anything, is to be awaited: the event loop gets a turn. Errors: STEME_ABORTED. */
  progress(bytes: number): Promise<void> | undefined {
    throwIfEnded(this.#signal);
    this.#onBytes(bytes);
    return this.#pacer.isDue(bytes) ? this.#pacer.turn() : undefined;
  }

  noteLostValue(table: string, key: Uint8Array, valueBytes: number, problem: string): void {
    this.lostValueCount++;
    if (this.lostValues.length >= LOST_VALUES_MAX) return;
    this.lostValues.push({ key: jsonBytes(key), valueBytes, table, problem });
  }
}

export function keysBetween(
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
): { from: JsonBytes | undefined; to: JsonBytes | undefined } {
  return { from: from && jsonBytes(from), to: to && jsonBytes(to) };
}
