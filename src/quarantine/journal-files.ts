/**
 * The files of the quarantine journals, below `quarantine/` in the directory of the database:
 *
 *     000001.intake          entries of all tenants as they come, until the segments of their tenants have them
 *     000002.recycled        space for a later intake file; its content means nothing
 *     000001.intake.damaged  an intake file in which something could not be read
 *     TENANT/                a directory for each tenant; tenant-directory.ts says how it is called
 *     TENANT/000001.segment  entries of the tenant, in order
 *     TENANT/MANIFEST        what is in each segment that is not written any more, and which ones were removed
 *
 * A name of a tenant has no dot, so that it is never taken for one of the others.
 */
export const QUARANTINE_DIRECTORY = 'quarantine';
export const TENANT_MANIFEST_NAME = 'MANIFEST';
export const TENANT_MANIFEST_TMP_NAME = 'MANIFEST.tmp';
/** Behind the name of an intake file that is not used again. */
export const DAMAGED_SUFFIX = '.damaged';
/** Behind the name of a segment that a repair writes anew. */
export const SEGMENT_TMP_SUFFIX = '.tmp';

const NUMBERED = /^(\d{6,16})\.(intake|recycled|segment)$/;

type JournalFileKind = 'intake' | 'recycled' | 'segment';

export function intakeName(number: number): string {
  return journalFileName(number, 'intake');
}

export function journalSegmentName(number: number): string {
  return journalFileName(number, 'segment');
}

/** The numbers of the files of one kind among `names`, ascending. Each file has one name, to the letter. */
export function journalFileNumbers(names: readonly string[], kind: JournalFileKind): number[] {
  const numbers: number[] = [];
  for (const name of names) {
    const match = NUMBERED.exec(name);
    const number = Number(match?.[1]);
    if (match?.[2] === kind && journalFileName(number, kind) === name) numbers.push(number);
  }
  return numbers.sort((a, b) => a - b);
}

function journalFileName(number: number, kind: JournalFileKind): string {
  return `${String(number).padStart(6, '0')}.${kind}`;
}

/** Whether a file of this name stands beside the tenants. */
export function isIntakeFileName(name: string): boolean {
  const plain = name.endsWith(DAMAGED_SUFFIX) ? name.slice(0, -DAMAGED_SUFFIX.length) : name;
  return isNumbered(plain, 'intake') || isNumbered(name, 'recycled');
}

/** Whether a file of this name stands in the directory of a tenant. */
export function isTenantFileName(name: string): boolean {
  const plain = name.endsWith(SEGMENT_TMP_SUFFIX) ? name.slice(0, -SEGMENT_TMP_SUFFIX.length) : name;
  return plain === TENANT_MANIFEST_NAME || isNumbered(plain, 'segment');
}

function isNumbered(name: string, kind: JournalFileKind): boolean {
  return journalFileNumbers([name], kind).length > 0;
}
