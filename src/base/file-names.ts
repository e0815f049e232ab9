/**
 * The files of a database directory:
 *
 *     CURRENT              name of the live manifest, one line
 *     CURRENT.tmp          the next CURRENT, before its rename
 *     LOCK                 who has the directory open, for the message to a second opener
 *     MANIFEST-000001      version edits
 *     000002.log           WAL segment
 *     000003.sst           SSTable
 *     000005.blob          large values
 *     000004.recycled      a retired WAL segment, kept for its allocated space
 *
 * Numbers come from one counter and are never used twice; a name of this list with another ending is not ours.
 */

export type DatabaseFile =
  | { readonly kind: 'current' | 'current-tmp' | 'lock' }
  | { readonly kind: 'manifest' | 'log' | 'table' | 'blob' | 'recycled'; readonly number: number };

export const CURRENT_NAME = 'CURRENT';
export const CURRENT_TMP_NAME = 'CURRENT.tmp';
export const LOCK_NAME = 'LOCK';

export function manifestName(number: number): string {
  return `MANIFEST-${pad(number)}`;
}

export function logName(number: number): string {
  return `${pad(number)}.log`;
}

export function tableName(number: number): string {
  return `${pad(number)}.sst`;
}

export function blobName(number: number): string {
  return `${pad(number)}.blob`;
}

export function recycledName(number: number): string {
  return `${pad(number)}.recycled`;
}

const NUMBERED = /^(?:MANIFEST-(\d{6,16})|(\d{6,16})\.(log|sst|blob|recycled))$/;
const KIND_OF_ENDING = { log: 'log', sst: 'table', blob: 'blob', recycled: 'recycled' } as const;

/** What a name in the directory is, or undefined if it is not one of ours: each file has one name, to the letter. */
export function parseFileName(name: string): DatabaseFile | undefined {
  if (name === CURRENT_NAME) return { kind: 'current' };
  if (name === CURRENT_TMP_NAME) return { kind: 'current-tmp' };
  if (name === LOCK_NAME) return { kind: 'lock' };
  const match = NUMBERED.exec(name);
  if (match === null) return undefined;
  const digits = match[1] ?? match[2];
  const number = Number(digits);
  if (!Number.isSafeInteger(number) || pad(number) !== digits) return undefined;
  if (match[1] !== undefined) return { kind: 'manifest', number };
  const ending = match[3] as keyof typeof KIND_OF_ENDING;
  return { kind: KIND_OF_ENDING[ending], number };
}

function pad(number: number): string {
  return String(number).padStart(6, '0');
}
