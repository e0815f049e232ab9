/**
 * The quarantine: the intake as recovery reads it, and of each tenant the manifest and every segment. What a crash leaves is no damage: a
 * torn end, a file that was begun, one that was removed and is there still.
 */
import { join } from 'node:path';
import { CorruptionError, StemeError } from '../../base/errors.js';
import { DIRECT_PROBE_NAME, type FileSystem } from '../../fs/file-system.js';
import { type InspectedTenant, inspectTenant } from '../../quarantine/inspect-tenant.js';
import { numbersByTenant, readIntake } from '../../quarantine/intake-reader.js';
import {
  DAMAGED_SUFFIX,
  intakeName,
  isIntakeFileName,
  isTenantFileName,
  journalFileNumbers,
  journalSegmentName,
  QUARANTINE_DIRECTORY,
  TENANT_MANIFEST_NAME,
} from '../../quarantine/journal-files.js';
import { findJournalId } from '../../quarantine/journal-id.js';
import { tenantOfDirectoryName } from '../../quarantine/tenant-directory.js';
import { tenantOfDirectory } from '../../quarantine/tenant-list.js';
import { findingBelow } from '../finding.js';
import type { VerifyFindings } from './verify-report.js';

export interface QuarantineCheckOptions {
  readonly fileSystem: FileSystem;
  /** Of the database. */
  readonly directory: string;
  /** Of the database, if it is known: its quarantine has another one where it began as a checkpoint. */
  readonly databaseId: number | undefined;
  readonly findings: VerifyFindings;
  readonly onRead: (bytes: number) => void;
  readonly throwIfAborted: () => void;
}

const KIND = 'quarantine';

export async function checkQuarantine(options: QuarantineCheckOptions): Promise<void> {
  const { fileSystem, directory } = options;
  if (!(await fileSystem.exists(join(directory, QUARANTINE_DIRECTORY)))) return;
  await new QuarantineCheck(options).run();
}

/** Bytes of all files in it, for the progress. */
export async function quarantineBytes(fileSystem: FileSystem, directory: string): Promise<number> {
  const root = join(directory, QUARANTINE_DIRECTORY);
  if (!(await fileSystem.exists(root))) return 0;
  let bytes = 0;
  for (const name of await fileSystem.list(root)) {
    const path = join(root, name);
    const fileBytes = await fileSystem.statBytes(path);
    if (fileBytes !== undefined) bytes += isIntakeFileName(name) && !name.endsWith('.recycled') ? fileBytes : 0;
    else for (const below of await fileSystem.list(path)) bytes += (await fileSystem.statBytes(join(path, below))) ?? 0;
  }
  return bytes;
}

class QuarantineCheck {
  readonly #options: QuarantineCheckOptions;
  readonly #root: string;
  /** Numbers of entries that are in the intake, by tenant. */
  #intake = new Map<string, number[]>();

  constructor(options: QuarantineCheckOptions) {
    this.#options = options;
    this.#root = join(options.directory, QUARANTINE_DIRECTORY);
  }

  async run(): Promise<void> {
    const { fileSystem, directory, databaseId = 0, findings } = this.#options;
    let journalId = databaseId;
    await this.#unlessUnreadable('', async () => {
      journalId = (await findJournalId(fileSystem, directory)) ?? databaseId;
      await this.#checkIntake(journalId);
    });
    for (const name of await fileSystem.list(this.#root)) {
      this.#options.throwIfAborted();
      const isFile = (await fileSystem.statBytes(join(this.#root, name))) !== undefined;
      if (isFile) this.#noteFile(name);
      else await this.#unlessUnreadable(name, () => this.#checkDirectory(name, journalId));
    }
    findings.quarantine.tenants += this.#intake.size;
    for (const numbers of this.#intake.values()) findings.quarantine.entries += numbers.length;
  }

  async #checkIntake(databaseId: number): Promise<void> {
    const { fileSystem, onRead } = this.#options;
    const counts = this.#options.findings.quarantine;
    const intake = await readIntake(fileSystem, this.#root, databaseId);
    const { files, numbers } = intake;
    this.#intake = numbersByTenant(intake);
    counts.files += numbers.length;
    let lastEntry = 0;
    for (const { number, entries, endBytes, damages } of files) {
      counts.bytes += endBytes;
      for (const damage of damages) this.#add(damage);
      for (const entry of entries) {
        if (entry.number <= lastEntry) this.#find('', `the intake has entry ${entry.number} behind ${lastEntry}`);
        lastEntry = entry.number;
      }
      onRead((await fileSystem.statBytes(join(this.#root, intakeName(number)))) ?? 0);
    }
  }

  async #checkDirectory(name: string, databaseId: number): Promise<void> {
    const { fileSystem } = this.#options;
    const directory = join(this.#root, name);
    const names = await fileSystem.list(directory);
    const tenant = await tenantOfDirectory(fileSystem, this.#root, name);
    if (tenant === undefined) {
      const hasEntries = journalFileNumbers(names, 'segment').length > 0;
      if (hasEntries) this.#find(name, 'no tenant is known to be called so: nothing in it is read');
      else if (tenantOfDirectoryName(name).kind === 'foreign') this.#note(name, 'no tenant is called so');
      return;
    }
    const place = { fileSystem, directory, databaseId, tenant, nowMs: () => 0 };
    const inspected = await inspectTenant(place, this.#intake.get(tenant) ?? [], (bytes) => {
      this.#options.throwIfAborted();
      this.#options.onRead(bytes);
    });
    this.#count(inspected, tenant);
    await this.#countManifest(directory, names);
    this.#judge(inspected, name);
    for (const each of names.filter((file) => !isTenantFileName(file))) this.#note(`${name}/${each}`, UNKNOWN);
    for (const each of names.filter((file) => file.endsWith('.tmp'))) this.#note(`${name}/${each}`, LEFT_OVER);
  }

  #count({ segments, lastEntry }: InspectedTenant, tenant: string): void {
    const counts = this.#options.findings.quarantine;
    counts.tenants++;
    counts.segments += segments.length;
    counts.files += segments.length;
    for (const { found } of segments) {
      counts.entries += found?.entryCount ?? 0;
      counts.bytes += found?.endBytes ?? 0;
    }
    // Those that segments have, or had, are there already.
    counts.entries += (this.#intake.get(tenant) ?? []).filter((number) => number > lastEntry).length;
    this.#intake.delete(tenant);
  }

  async #countManifest(directory: string, names: readonly string[]): Promise<void> {
    if (!names.includes(TENANT_MANIFEST_NAME)) return;
    const bytes = (await this.#options.fileSystem.statBytes(join(directory, TENANT_MANIFEST_NAME))) ?? 0;
    this.#options.findings.quarantine.files++;
    this.#options.findings.quarantine.bytes += bytes;
    this.#options.onRead(bytes);
  }

  #judge({ segments, missing, removedNumbers, manifestDamages, manifest }: InspectedTenant, name: string): void {
    for (const damage of manifestDamages) this.#add(damage);
    for (const { damages } of segments) for (const damage of damages) this.#add(damage);
    for (const { number, entryCount } of missing) {
      const file = `${name}/${journalSegmentName(number)}`;
      // Where the manifest is damaged it may say so of one that was removed.
      if (manifest.damage === undefined) this.#find(file, `expected a segment of ${entryCount} entries, found no file`);
    }
    for (const number of removedNumbers) this.#note(`${name}/${journalSegmentName(number)}`, LEFT_OVER);
    for (const { number, found, damages, isForeign } of segments) {
      const file = `${name}/${journalSegmentName(number)}`;
      if (isForeign) {
        this.#find(
          file,
          `expected segment ${number} of this tenant, found a file of another tenant, number or database`,
        );
      } else if (found === undefined && damages.length === 0) {
        this.#note(file, 'a segment that was begun and has no entry');
      }
    }
  }

  #noteFile(name: string): void {
    if (name.endsWith(DAMAGED_SUFFIX) && isIntakeFileName(name)) {
      this.#note(name, 'an intake file that was damaged: what could be read of it is in segments');
    } else if (name === DIRECT_PROBE_NAME) this.#note(name, LEFT_OVER);
    else if (!isIntakeFileName(name)) this.#note(name, UNKNOWN);
  }

  async #unlessUnreadable(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof CorruptionError) this.#add(error);
      else if (error instanceof StemeError && (error.code === 'STEME_IO' || error.code === 'STEME_UNSUPPORTED')) {
        this.#find(name, error.message);
      } else throw error;
    }
  }

  #add({ damage }: CorruptionError): void {
    this.#options.findings.add(findingBelow(this.#options.directory, KIND, damage));
  }

  #find(name: string, problem: string): void {
    this.#options.findings.add({ file: pathOf(name), kind: KIND, offsetBytes: undefined, problem });
  }

  #note(name: string, problem: string): void {
    this.#options.findings.note({ file: pathOf(name), kind: KIND, offsetBytes: undefined, problem });
  }
}

const LEFT_OVER = 'left over: nothing needs it';
const UNKNOWN = 'no file of the quarantine';

function pathOf(name: string): string {
  return name === '' ? QUARANTINE_DIRECTORY : `${QUARANTINE_DIRECTORY}/${name}`;
}
