/**
 * Makes a database that can be opened out of one that cannot, of everything in it that is intact:
 *
 *   1. survey    what CURRENT and the manifests tell; with a sound manifest it says which files are live, else all are taken
 *   2. tables    every byte is read; what is intact of a damaged table goes to a new one
 *   3. log       if it is damaged, or there is no manifest to speak of it, its intact records go to new tables
 *   4. arrange   without a manifest: which table is newer, by sequence numbers
 *   5. install   what is out of use gets a second name in lost/, then the new manifest, then CURRENT; then the first names go
 *   6. quarantine  of what is damaged in it: what can be read stays, under its numbers
 *   7. report    lost/report-….json
 *
 * Nothing is ever deleted. A crash before CURRENT is renamed leaves the database as it was, but for new files that nobody knows of and
 * that hold the same entries: the repair is simply run again. An undamaged database is not touched.
 */
import { join, resolve } from 'node:path';
import { StemeError } from '../../base/errors.js';
import { blobName, CURRENT_NAME, logName, manifestName, parseFileName, tableName } from '../../base/file-names.js';
import { BLOCK_BYTES_DEFAULT, BLOOM_BITS_PER_KEY_DEFAULT } from '../../base/limits.js';
import type { BlobMetadata } from '../../blob/blob-metadata.js';
import type { FileSystem } from '../../fs/file-system.js';
import type { Environment } from '../environment.js';
import type { Finding } from '../finding.js';
import { quarantineBytes } from '../verify/check-quarantine.js';
import { installRepaired } from './install.js';
import { RepairContext } from './repair-context.js';
import { type RepairedLog, repairLog } from './repair-log.js';
import { repairQuarantine, surveyQuarantine } from './repair-quarantine.js';
import type { RepairedFile, RepairOptions, RepairReport } from './repair-report.js';
import {
  arrangeTables,
  keepLevels,
  type PlacedTables,
  type RepairedTable,
  treatTables,
  withMerge,
} from './repair-tables.js';
import { repairedFile } from './repaired-file.js';
import { LOST_DIRECTORY, SetAside } from './set-aside.js';
import { numbersOf, type Survey, surveyDirectory } from './survey.js';
import { findDamagedHeaders, restoreHeader, treatBlobs } from './treat-blobs.js';
import { ValueCheck } from './value-check.js';

export type RepairEnvironment = Pick<Environment, 'fileSystem' | 'clock' | 'randomUint32' | 'onWarning'>;

/** `repair` with the outside world handed in. */
export async function repairWith(
  directory: string,
  options: RepairOptions,
  environment: RepairEnvironment,
): Promise<RepairReport> {
  const { fileSystem } = environment;
  const path = resolve(directory);
  if (!(await fileSystem.exists(path))) throw notFound(path);
  const lock = await fileSystem.lock(path);
  try {
    const names = await fileSystem.list(path);
    if (!names.some(isOfDatabase)) throw notFound(path);
    return await new Repair(path, options, environment).run(names);
  } finally {
    await lock.release();
  }
}

function notFound(path: string): StemeError {
  return new StemeError('STEME_NOT_FOUND', `nothing in ${path} is of a database: check the path`);
}

function isOfDatabase(name: string): boolean {
  const kind = parseFileName(name)?.kind;
  return kind !== undefined && kind !== 'lock' && kind !== 'recycled' && kind !== 'current-tmp';
}

interface Outcome {
  readonly survey: Survey;
  readonly files: readonly RepairedFile[];
  readonly log: RepairedLog;
  readonly keptEntries: number;
  readonly isDamaged: boolean;
}

class Repair {
  readonly #directory: string;
  readonly #options: RepairOptions;
  readonly #environment: RepairEnvironment;
  readonly #startedAtMs: number;
  readonly #isDryRun: boolean;

  constructor(directory: string, options: RepairOptions, environment: RepairEnvironment) {
    this.#directory = directory;
    this.#options = options;
    this.#environment = environment;
    this.#startedAtMs = environment.clock.nowMs();
    this.#isDryRun = options.dryRun === true;
  }

  async run(names: readonly string[]): Promise<RepairReport> {
    const { fileSystem, clock } = this.#environment;
    const startedAt = clock.monotonicMs();
    const survey = await surveyDirectory(fileSystem, this.#directory, names);
    const usedNumbers = numbersOf(await namesInLost(fileSystem, this.#directory));
    const context = await this.#createContext(survey, usedNumbers.next);
    const outcome = await this.#treat(context, survey);
    const durationMs = clock.monotonicMs() - startedAt;
    const report = this.#reportOf(context, outcome, durationMs);
    if (!outcome.isDamaged || this.#isDryRun) return report;
    const name = `report-${new Date(this.#startedAtMs).toISOString().replaceAll(':', '-')}.json`;
    return {
      ...report,
      reportFile: await context.setAside.saveText(name, `${JSON.stringify(report, undefined, 2)}\n`),
    };
  }

  async #createContext({ files, databaseId }: Survey, nextNumber: number): Promise<RepairContext> {
    const { fileSystem } = this.#environment;
    const totalBytes = await totalBytesOf(fileSystem, this.#directory, files);
    let bytes = 0;
    return new RepairContext({
      fileSystem,
      directory: this.#directory,
      isDryRun: this.#isDryRun,
      settings: {
        directory: this.#directory,
        databaseId,
        blockBytes: BLOCK_BYTES_DEFAULT,
        bloomBitsPerKey: BLOOM_BITS_PER_KEY_DEFAULT,
        compression: 'lz4',
        createdAtMs: this.#startedAtMs,
      },
      setAside: new SetAside(fileSystem, this.#directory, this.#isDryRun),
      nextNumber: Math.max(files.next, nextNumber),
      signal: this.#options.signal ?? new AbortController().signal,
      onBytes: (more) => {
        bytes += more;
        this.#options.onProgress?.({ bytes: Math.min(bytes, totalBytes), totalBytes });
      },
    });
  }

  async #treat(context: RepairContext, survey: Survey): Promise<Outcome> {
    const values = new ValueCheck(context.fileSystem, this.#directory);
    let isSwitching = false;
    try {
      return await this.#treatWith(context, survey, values, () => {
        isSwitching = true;
      });
    } catch (error) {
      // Nobody knows of the new files, unless CURRENT may name them already.
      if (!isSwitching) await removeWritten(context);
      throw error;
    } finally {
      values.close();
    }
  }

  async #treatWith(context: RepairContext, survey: Survey, values: ValueCheck, onSwitch: () => void): Promise<Outcome> {
    const { state, files } = survey;
    if (state !== undefined) context.raiseNumber(state.nextFileNumber);
    const tables = await treatTables(context, values, survey);
    const log = await repairLog(context, {
      databaseId: survey.databaseId,
      logNumber: state?.logNumber,
      numbers: files.logs,
      flushedSequence: state?.lastSequence ?? flushedSequenceOf(survey, tables),
    });
    const placed = await this.#place(context, survey, tables, log);
    const blobs = await this.#treatBlobs(context, survey, values, placed);
    const { clock } = this.#environment;
    const quarantine = await surveyQuarantine(context, survey.databaseId, () => clock.nowMs());
    const isTreeDamaged =
      survey.findings.length > 0 ||
      tables.some(({ treated }) => treated.report.problems.length > 0) ||
      log.logNumber === undefined ||
      blobs.isDamaged;
    if (isTreeDamaged && !this.#isDryRun) {
      await this.#install(context, survey, log, placed, blobs.blobs, onSwitch);
    }
    const quarantineFiles =
      quarantine === undefined ? [] : await repairQuarantine(context, quarantine, this.#environment);
    return {
      survey,
      files: [
        ...survey.findings.map(reportOfFinding),
        ...tables.map(({ treated }) => withMerge(treated.report, placed.merged)),
        ...log.files,
        ...blobs.files,
        ...quarantineFiles,
      ],
      log,
      keptEntries: this.#isDryRun
        ? tables.reduce((sum, { treated }) => sum + treated.report.keptEntries, 0)
        : placed.tables.reduce((sum, { table }) => sum + table.entryCount, 0),
      isDamaged: isTreeDamaged || quarantine?.isDamaged === true,
    };
  }

  async #place(
    context: RepairContext,
    { state }: Survey,
    tables: readonly RepairedTable[],
    log: RepairedLog,
  ): Promise<PlacedTables> {
    if (state !== undefined) return keepLevels(tables, log.tables);
    if (!this.#isDryRun) return arrangeTables(context, tables, log.tables);
    context.notes.push(
      'the levels of the tables are lost with the manifest: where their ages interleave they would be merged',
    );
    return { tables: [], merged: new Set() };
  }

  async #treatBlobs(context: RepairContext, survey: Survey, values: ValueCheck, placed: PlacedTables) {
    const { state, hint, files } = survey;
    const known = state?.version.blobs ?? new Map<number, BlobMetadata>();
    const headers = await findDamagedHeaders(
      context,
      state === undefined ? files.blobs : presentOf(known, files.blobs),
    );
    const tables = placed.tables.map(({ table }) => table);
    const treated = await treatBlobs(context, values, {
      numbers: files.blobs,
      known: state === undefined ? presentBlobs(hint?.version.blobs, files.blobs) : known,
      headers,
      tables,
      takesUnused: !this.#isDryRun,
      isEveryFileOurs: state === undefined,
    });
    const used = new Set(treated.blobs.map(({ number }) => number));
    for (const header of headers) {
      if (!used.has(header.number)) continue;
      // What the manifest does not tell of a file is that of all others.
      const writer = state === undefined ? survey : known.get(header.number);
      await restoreHeader(context, header, writer?.databaseId);
    }
    return treated;
  }

  async #install(
    context: RepairContext,
    survey: Survey,
    log: RepairedLog,
    placed: PlacedTables,
    blobs: readonly BlobMetadata[],
    onSwitch: () => void,
  ): Promise<void> {
    const { setAside } = context;
    for (const number of survey.files.manifests) setAside.addFile(manifestName(number));
    const hasCurrent = await context.fileSystem.exists(join(this.#directory, CURRENT_NAME));
    if (hasCurrent) await setAside.saveCopy(CURRENT_NAME);
    const lastSequence = placed.tables.reduce(
      (last, { table }) => Math.max(last, table.largestSequence),
      log.lastSequence,
    );
    const databaseId = this.#databaseIdFor(survey, log);
    const state = { databaseId, logNumber: log.logNumber, lastSequence, tables: placed.tables, blobs };
    await installRepaired(context, this.#environment, state, onSwitch);
    await setAside.complete();
  }

  /** A new log is one of another database: if the switch does not come about, it must not pass for a part of the old one. */
  #databaseIdFor({ databaseId }: Survey, { logNumber }: RepairedLog): number {
    if (logNumber !== undefined && databaseId !== undefined) return databaseId;
    const drawn = this.#environment.randomUint32();
    return drawn === databaseId ? (drawn + 1) % 2 ** 32 : drawn;
  }

  #reportOf(context: RepairContext, { survey, files, log, ...outcome }: Outcome, durationMs: number): RepairReport {
    return {
      directory: this.#directory,
      isDryRun: this.#isDryRun,
      isDamaged: outcome.isDamaged,
      startedAtMs: this.#startedAtMs,
      durationMs,
      manifest: survey.state === undefined ? 'rebuilt' : 'sound',
      files,
      keptEntries: outcome.keptEntries,
      lostEntries: files.reduce((sum, file) => sum + (file.kind === 'table' ? (file.lostEntries ?? 0) : 0), 0),
      lostValues: context.lostValues,
      lostValueCount: context.lostValueCount,
      salvagedLogRecords: log.recordCount,
      sequenceGaps: log.gaps,
      notes: context.notes,
      reportFile: undefined,
    };
  }
}

/** Everything up to it is in tables, as far as a table that is whole, or an old manifest, tells. */
function flushedSequenceOf({ hint }: Survey, tables: readonly RepairedTable[]): number {
  return tables
    .flatMap(({ treated: { report, table } }) => (report.outcome === 'kept' && table !== undefined ? [table] : []))
    .reduce((last, { largestSequence }) => Math.max(last, largestSequence), hint?.lastSequence ?? 0);
}

function presentOf(known: ReadonlyMap<number, BlobMetadata>, present: readonly number[]): number[] {
  return present.filter((number) => known.has(number));
}

/** Without a sound manifest nobody says that a file which is not there should be. */
function presentBlobs(
  hinted: ReadonlyMap<number, BlobMetadata> | undefined,
  present: readonly number[],
): Map<number, BlobMetadata> {
  return new Map([...(hinted ?? [])].filter(([number]) => present.includes(number)));
}

function reportOfFinding({ file, kind, problem }: Finding): RepairedFile {
  return repairedFile({ file, kind, outcome: 'replaced', problems: [problem] });
}

async function removeWritten({ fileSystem, directory, written }: RepairContext): Promise<void> {
  // The error that led here is the one to report; a file that stays is taken for what it is by the next repair.
  await Promise.allSettled(written.map((name) => fileSystem.remove(join(directory, name))));
}

/** Numbers are never used twice, by files that went neither. */
async function namesInLost(fileSystem: FileSystem, directory: string): Promise<string[]> {
  const path = join(directory, LOST_DIRECTORY);
  return (await fileSystem.exists(path)) ? fileSystem.list(path) : [];
}

async function totalBytesOf(fileSystem: FileSystem, directory: string, files: Survey['files']): Promise<number> {
  const names = [...files.tables.map(tableName), ...files.blobs.map(blobName), ...files.logs.map(logName)];
  let bytes = await quarantineBytes(fileSystem, directory);
  for (const name of names) bytes += (await fileSystem.statBytes(join(directory, name))) ?? 0;
  return bytes;
}
