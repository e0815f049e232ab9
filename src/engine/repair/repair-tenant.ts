/**
 * The segments of one tenant of the quarantine. What is damaged gets a second name in lost/ first; then what can be read of each damaged
 * segment takes its place, under its number and with the numbers of its entries, so that marks of replays hold; then the manifest is made
 * anew; then what nothing can be read of goes. A crash in between leaves damage that the next repair treats the same way.
 */
import { join } from 'node:path';
import type { CorruptionError } from '../../base/errors.js';
import { type InspectedSegment, type InspectedTenant, inspectTenant } from '../../quarantine/inspect-tenant.js';
import { journalSegmentName, SEGMENT_TMP_SUFFIX, TENANT_MANIFEST_NAME } from '../../quarantine/journal-files.js';
import type { SegmentSummary } from '../../quarantine/segment-summary.js';
import type { SegmentPlace } from '../../quarantine/segment-writer.js';
import { type RemovedSegment, writeManifest } from '../../quarantine/write-manifest.js';
import type { RepairContext } from './repair-context.js';
import type { RepairedFile } from './repair-report.js';
import { repairedFile } from './repaired-file.js';
import { salvageSegment } from './salvage-segment.js';

export function isTenantDamaged({ segments, missing, manifestDamages }: InspectedTenant): boolean {
  return missing.length > 0 || manifestDamages.length > 0 || segments.some(isSegmentDamaged);
}

function isSegmentDamaged({ damages, isForeign }: InspectedSegment): boolean {
  return damages.length > 0 || isForeign;
}

/** A tenant of which something is damaged. */
export interface DamagedTenant {
  readonly place: SegmentPlace;
  /** Of its directory below the database's, with slashes. */
  readonly path: string;
  /** Numbers of its entries that are in the intake, ascending. */
  readonly inIntake: readonly number[];
}

/** In a dry run only the report is made. */
export async function repairTenant(context: RepairContext, tenant: DamagedTenant): Promise<RepairedFile[]> {
  const inspected = await inspectTenant(tenant.place, tenant.inIntake, () => undefined);
  return new TenantRepair(context, tenant, inspected).run();
}

class TenantRepair {
  readonly #context: RepairContext;
  readonly #place: SegmentPlace;
  readonly #path: string;
  readonly #inIntake: readonly number[];
  readonly #inspected: InspectedTenant;
  readonly #files: RepairedFile[] = [];
  readonly #summaries: SegmentSummary[] = [];
  readonly #removed: RemovedSegment[] = [];
  /** Of segments that are replaced by what was salvaged of them, and of those that go. */
  readonly #salvagedNames: string[] = [];
  readonly #lostNames: string[] = [];

  constructor(context: RepairContext, { place, path, inIntake }: DamagedTenant, inspected: InspectedTenant) {
    this.#context = context;
    this.#place = place;
    this.#path = path;
    this.#inIntake = inIntake;
    this.#inspected = inspected;
  }

  async run(): Promise<RepairedFile[]> {
    const { segments, manifest, manifestDamages } = this.#inspected;
    for (const [i, segment] of segments.entries()) {
      const next = segments.slice(i + 1).find(({ found }) => found !== undefined);
      if (isSegmentDamaged(segment)) await this.#treat(segment, next?.found?.firstEntry);
      else if (segment.found !== undefined) this.#summaries.push(segment.found);
    }
    this.#noteMissing();
    if (manifestDamages.length > 0) {
      const problems = problemsOf(manifestDamages);
      this.#report({ file: TENANT_MANIFEST_NAME, outcome: 'replaced', problems });
    }
    const removed = manifest.lastRemoved();
    if (removed !== undefined) this.#removed.push(removed);
    if (!this.#context.isDryRun) await this.#install();
    return this.#files;
  }

  async #treat(
    { number, known, damages, isForeign }: InspectedSegment,
    nextFirstEntry: number | undefined,
  ): Promise<void> {
    const name = journalSegmentName(number);
    await this.#context.setAside.saveFile(`${this.#path}/${name}`);
    const summary = isForeign
      ? undefined
      : await salvageSegment(
          this.#place,
          {
            number,
            endBytes: known?.endBytes,
            lastEntryBefore: Math.max(0, ...this.#summaries.map(({ lastEntry }) => lastEntry)),
            endEntry: known === undefined ? (nextFirstEntry ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
            inIntake: this.#inIntake,
          },
          this.#context.isDryRun,
        );
    const problems = isForeign ? ['it is a file of another tenant, number or database'] : problemsOf(damages);
    const keptEntries = summary?.entryCount ?? 0;
    const lostEntries = known === undefined ? undefined : Math.max(0, known.entryCount - keptEntries);
    const outcome = summary === undefined ? 'lost' : lostEntries === 0 ? 'rebuilt' : 'salvaged';
    const newFile = summary === undefined ? undefined : `${this.#path}/${name}`;
    this.#report({ file: name, outcome, problems, newFile, keptEntries, lostEntries });
    if (summary === undefined) {
      this.#lostNames.push(name);
      this.#removed.push({ number, lastEntry: known?.lastEntry ?? 0 });
    } else {
      this.#salvagedNames.push(name);
      this.#summaries.push(summary);
    }
  }

  #noteMissing(): void {
    const { missing, manifest } = this.#inspected;
    for (const { number, lastEntry, entryCount } of missing) {
      this.#removed.push({ number, lastEntry });
      const file = journalSegmentName(number);
      // Where the manifest is damaged it may say so of one that was removed.
      const problems = [manifest.damage === undefined ? 'it is not there' : 'it is not there; perhaps it was removed'];
      this.#report({ file, outcome: 'missing', problems, lostEntries: entryCount });
    }
  }

  async #install(): Promise<void> {
    const { fileSystem, directory } = this.#place;
    await this.#context.setAside.saveFile(`${this.#path}/${TENANT_MANIFEST_NAME}`);
    for (const name of this.#salvagedNames) {
      const path = join(directory, name);
      await fileSystem.rename(`${path}${SEGMENT_TMP_SUFFIX}`, path);
    }
    await fileSystem.syncDirectory(directory);
    await writeManifest(this.#place, { summaries: this.#summaries, removed: this.#removed });
    for (const name of this.#lostNames) await fileSystem.remove(join(directory, name));
    await fileSystem.syncDirectory(directory);
  }

  #report(fields: Omit<Partial<RepairedFile>, 'kind'> & Pick<RepairedFile, 'file' | 'outcome'>): void {
    this.#files.push(repairedFile({ ...fields, file: `${this.#path}/${fields.file}`, kind: 'quarantine' }));
  }
}

function problemsOf(damages: readonly CorruptionError[]): string[] {
  return damages.map(
    ({ damage }) => `at byte ${damage.offsetBytes}: expected ${damage.expected}, found ${damage.found}`,
  );
}
