/**
 * The quarantine in a repair:
 *
 *   1. survey    the intake, every manifest, every segment; the tenants of which something is damaged are remembered
 *   2. tenants   repair-tenant.ts, one after the other
 *   3. intake    a new file comes behind the damaged ones, then what can be read of them goes to segments, as after a crash
 *
 * The first part may end by a signal; the others come once the tree is repaired, and are run again after a crash. An entry keeps its
 * number. Where nothing tells any more how far the numbers had come, they go on behind a gap: a new entry must not have the number of a
 * mark.
 */
import { join } from 'node:path';
import { systemTimers } from '../../base/timers.js';
import type { FileSystem } from '../../fs/file-system.js';
import { writeEmptyIntake } from '../../quarantine/empty-intake.js';
import { inspectTenant } from '../../quarantine/inspect-tenant.js';
import { type Intake, numbersByTenant, readIntake } from '../../quarantine/intake-reader.js';
import {
  DAMAGED_SUFFIX,
  intakeName,
  journalFileNumbers,
  journalSegmentName,
  QUARANTINE_DIRECTORY,
} from '../../quarantine/journal-files.js';
import { findJournalId } from '../../quarantine/journal-id.js';
import { QuarantineJournal } from '../../quarantine/quarantine-journal.js';
import { tenantOfDirectory } from '../../quarantine/tenant-list.js';
import type { Environment } from '../environment.js';
import type { RepairContext } from './repair-context.js';
import type { RepairedFile } from './repair-report.js';
import { type DamagedTenant, isTenantDamaged, repairTenant } from './repair-tenant.js';
import { repairedFile } from './repaired-file.js';

/** More entries than any intake had room for. */
const NUMBERS_GAP = 2 ** 32;

export interface QuarantineSurvey {
  readonly databaseId: number;
  readonly intake: Intake;
  readonly damagedTenants: readonly DamagedTenant[];
  /** Directories that nobody's entries are read from, though there are segments in them. */
  readonly strangers: readonly string[];
  /** Of the largest number that any entry is known to have had. */
  readonly lastEntry: number;
  readonly isDamaged: boolean;
}

/** Undefined where there is no quarantine. Errors: STEME_IO, STEME_UNSUPPORTED, STEME_ABORTED. */
export async function surveyQuarantine(
  context: RepairContext,
  databaseIdOfTree: number | undefined,
  nowMs: () => number,
): Promise<QuarantineSurvey | undefined> {
  const { fileSystem, directory } = context;
  const root = join(directory, QUARANTINE_DIRECTORY);
  if (!(await fileSystem.exists(root))) return undefined;
  const databaseId = (await findJournalId(fileSystem, directory, databaseIdOfTree)) ?? databaseIdOfTree ?? 0;
  const intake = await readIntake(fileSystem, root, databaseId);
  const numbers = numbersByTenant(intake);
  const damagedTenants: DamagedTenant[] = [];
  const strangers: string[] = [];
  let lastEntry = (intake.nextEntry ?? 1) - 1;
  for (const name of await fileSystem.list(root)) {
    if ((await fileSystem.statBytes(join(root, name))) !== undefined) continue;
    const tenant = await tenantOfDirectory(fileSystem, root, name);
    if (tenant === undefined) {
      if ((await segmentsIn(fileSystem, join(root, name))).length > 0) strangers.push(name);
      continue;
    }
    const place = { fileSystem, directory: join(root, name), databaseId, tenant, nowMs };
    const turns: Promise<void>[] = [];
    const inIntake = numbers.get(tenant) ?? [];
    const inspected = await inspectTenant(place, inIntake, (bytes) => {
      const turn = context.progress(bytes);
      if (turn !== undefined) turns.push(turn);
    });
    await Promise.all(turns);
    lastEntry = Math.max(lastEntry, inspected.lastEntry);
    if (isTenantDamaged(inspected)) damagedTenants.push({ place, path: `${QUARANTINE_DIRECTORY}/${name}`, inIntake });
  }
  const isDamaged =
    damagedTenants.length + strangers.length > 0 || intake.files.some(({ damages }) => damages.length > 0);
  return { databaseId, intake, damagedTenants, strangers, lastEntry, isDamaged };
}

/** In a dry run only the report is made. Errors: STEME_IO, STEME_UNSUPPORTED. */
export async function repairQuarantine(
  context: RepairContext,
  survey: QuarantineSurvey,
  environment: Pick<Environment, 'clock' | 'onWarning'>,
): Promise<RepairedFile[]> {
  const { damagedTenants, intake } = survey;
  const files: RepairedFile[] = [];
  for (const tenant of damagedTenants) files.push(...(await repairTenant(context, tenant)));
  for (const name of survey.strangers) files.push(...(await putAside(context, name)));
  const damagedFiles = intake.files.filter(({ damages }) => damages.length > 0);
  for (const { number, entries, damages } of damagedFiles) {
    const file = `${QUARANTINE_DIRECTORY}/${intakeName(number)}`;
    const problems = damages.map(
      ({ damage }) => `at byte ${damage.offsetBytes}: expected ${damage.expected}, found ${damage.found}`,
    );
    files.push(repairedFile({ file, kind: 'quarantine', outcome: 'salvaged', problems, keptEntries: entries.length }));
    await context.setAside.saveFile(file);
  }
  const isNumberLost = damagedFiles.length > 0 || (survey.isDamaged && intake.nextEntry === undefined);
  if (isNumberLost && !context.isDryRun) await renewIntake(context, survey, environment);
  return files;
}

/** The segments of a directory that is no tenant's. */
async function putAside(context: RepairContext, name: string): Promise<RepairedFile[]> {
  const { fileSystem, directory, isDryRun, setAside } = context;
  const folder = join(directory, QUARANTINE_DIRECTORY, name);
  const files: RepairedFile[] = [];
  for (const segment of await segmentsIn(fileSystem, folder)) {
    const file = `${QUARANTINE_DIRECTORY}/${name}/${segment}`;
    const problems = ['no tenant is known to be called like its directory'];
    files.push(repairedFile({ file, kind: 'quarantine', outcome: 'lost', problems }));
    await setAside.saveFile(file);
    if (!isDryRun) await fileSystem.remove(join(folder, segment));
  }
  if (!isDryRun) await fileSystem.syncDirectory(folder);
  return files;
}

async function segmentsIn(fileSystem: FileSystem, directory: string): Promise<string[]> {
  return journalFileNumbers(await fileSystem.list(directory), 'segment').map(journalSegmentName);
}

/** What can be read of the intake is in segments when it resolves, and no damaged file is left. */
async function renewIntake(
  { fileSystem, directory }: RepairContext,
  { databaseId, intake, lastEntry }: QuarantineSurvey,
  { clock, onWarning }: Pick<Environment, 'clock' | 'onWarning'>,
): Promise<void> {
  const root = join(directory, QUARANTINE_DIRECTORY);
  const recycled = journalFileNumbers(await fileSystem.list(root), 'recycled');
  await writeEmptyIntake(fileSystem, root, {
    databaseId,
    number: Math.max(0, ...intake.numbers, ...recycled) + 1,
    firstEntry: lastEntry + NUMBERS_GAP,
    predecessorEndBytes: intake.files.at(-1)?.endBytes ?? 0,
    createdAtMs: Math.max(clock.nowMs(), intake.lastAppendMs ?? 0),
  });
  const journal = await QuarantineJournal.open({
    fileSystem,
    directory,
    databaseId,
    clock,
    timers: systemTimers,
    isReadOnly: false,
    // The report has it.
    onWarning: (warning) => (warning.code === 'STEME_CORRUPTION' ? undefined : onWarning(warning)),
  });
  await journal.close();
  for (const number of intake.numbers) await fileSystem.remove(join(root, `${intakeName(number)}${DAMAGED_SUFFIX}`));
  await fileSystem.syncDirectory(root);
}
