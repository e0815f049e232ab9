/** What is to be done to the files of a database, as plain data: one seed always plans the same for the same files. */
import type { DatabaseFile } from '../../src/base/file-names.js';
import type { Prng } from '../../src/base/prng.js';
import type { Region } from './table-regions.js';

export type Harm =
  | { readonly kind: 'bit flip'; readonly file: string; readonly offsetBytes: number; readonly bit: number }
  | { readonly kind: 'truncation'; readonly file: string; readonly sizeBytes: number }
  | {
      readonly kind: 'zeroed page';
      readonly file: string;
      readonly offsetBytes: number;
      readonly lengthBytes: number;
    }
  /** Two ranges that do not overlap change places; where they differ in length, what is between them moves. */
  | { readonly kind: 'swapped blocks'; readonly file: string; readonly first: Range; readonly second: Range }
  | { readonly kind: 'missing'; readonly file: string }
  /** The file of that name in another database. */
  | { readonly kind: 'of another database'; readonly file: string }
  | { readonly kind: 'extended'; readonly file: string; readonly lengthBytes: number; readonly seed: number }
  | { readonly kind: 'emptied'; readonly file: string };

export type HarmKind = Harm['kind'];
export type Range = Pick<Region, 'offsetBytes' | 'lengthBytes'>;

/** The kinds of file that hold what a database knows, or did. */
export const FILE_KINDS = ['current', 'manifest', 'log', 'recycled', 'table', 'blob'] as const;
export type FileKind = Extract<DatabaseFile['kind'], (typeof FILE_KINDS)[number]>;

export interface DamageableFile {
  readonly name: string;
  readonly kind: FileKind;
  readonly sizeBytes: number;
  /** The data blocks of a table, one behind the other. */
  readonly blocks: readonly Range[];
}

export const PAGE_BYTES = 4096;
const EXTENSION_BYTES_MAX = 2 * PAGE_BYTES;

const HARM_KINDS: readonly HarmKind[] = [
  'bit flip',
  'truncation',
  'zeroed page',
  'swapped blocks',
  'missing',
  'of another database',
  'extended',
  'emptied',
];

/** Up to `count` harms, each to a file that is still there then; fewer where no files are left. */
export function planDamage(files: readonly DamageableFile[], prng: Prng, count: number): Harm[] {
  const left = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  const harms: Harm[] = [];
  while (harms.length < count && left.length > 0) {
    const at = prng.below(left.length);
    const harm = planHarm(left[at], prng.pick(HARM_KINDS), prng);
    if (harm === undefined) continue;
    harms.push(harm);
    const after = afterHarm(left[at], harm);
    left.splice(at, 1, ...(after === undefined ? [] : [after]));
  }
  return harms;
}

/** A harm of that kind at a random place of the file; undefined where the file has no such place. */
export function planHarm(target: DamageableFile, kind: HarmKind, prng: Prng): Harm | undefined {
  const { name: file, sizeBytes } = target;
  switch (kind) {
    case 'bit flip':
      return sizeBytes === 0 ? undefined : { kind, file, offsetBytes: prng.below(sizeBytes), bit: prng.below(8) };
    case 'truncation':
      return sizeBytes === 0 ? undefined : { kind, file, sizeBytes: prng.below(sizeBytes) };
    case 'zeroed page':
      return sizeBytes === 0 ? undefined : { kind, file, ...pageOf(prng.below(pagesOf(sizeBytes)), sizeBytes) };
    case 'swapped blocks':
      return planSwap(target, prng);
    case 'extended':
      return { kind, file, lengthBytes: 1 + prng.below(EXTENSION_BYTES_MAX), seed: prng.nextUint32() };
    case 'missing':
    case 'of another database':
    case 'emptied':
      return { kind, file };
  }
}

/** The page that starts `index` pages into a file; shorter at the end of the file. */
export function pageOf(index: number, sizeBytes: number): Range {
  const offsetBytes = index * PAGE_BYTES;
  return { offsetBytes, lengthBytes: Math.min(PAGE_BYTES, sizeBytes - offsetBytes) };
}

function pagesOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / PAGE_BYTES);
}

/** Two data blocks of a table, or two pages of whatever file. */
function planSwap({ name: file, sizeBytes, blocks }: DamageableFile, prng: Prng): Harm | undefined {
  const wholePages = Array.from({ length: Math.floor(sizeBytes / PAGE_BYTES) }, (_, i) => pageOf(i, sizeBytes));
  const ranges = blocks.length > 1 && prng.chance(0.5) ? blocks : wholePages;
  if (ranges.length < 2) return undefined;
  const i = prng.below(ranges.length - 1);
  const j = i + 1 + prng.below(ranges.length - 1 - i);
  return { kind: 'swapped blocks', file, first: ranges[i], second: ranges[j] };
}

/** What is known of the file then; undefined if it is gone. */
function afterHarm(file: DamageableFile, harm: Harm): DamageableFile | undefined {
  switch (harm.kind) {
    case 'missing':
    case 'of another database':
      return undefined;
    case 'emptied':
      return { ...file, sizeBytes: 0, blocks: [] };
    case 'truncation':
      return { ...file, sizeBytes: harm.sizeBytes, blocks: [] };
    case 'extended':
      return { ...file, sizeBytes: file.sizeBytes + harm.lengthBytes };
    case 'bit flip':
    case 'zeroed page':
      return file;
    case 'swapped blocks':
      return { ...file, blocks: [] };
  }
}

/** One line for a person. */
export function describeHarm(harm: Harm): string {
  const { file, kind } = harm;
  switch (kind) {
    case 'bit flip':
      return `${file}: bit ${harm.bit} of byte ${harm.offsetBytes} flipped`;
    case 'truncation':
      return `${file}: cut to ${harm.sizeBytes} bytes`;
    case 'zeroed page':
      return `${file}: ${harm.lengthBytes} bytes from ${harm.offsetBytes} zeroed`;
    case 'swapped blocks':
      return `${file}: ${rangeText(harm.first)} and ${rangeText(harm.second)} swapped`;
    case 'missing':
      return `${file}: removed`;
    case 'of another database':
      return `${file}: replaced by that of another database`;
    case 'extended':
      return `${file}: ${harm.lengthBytes} bytes of garbage at the end`;
    case 'emptied':
      return `${file}: emptied`;
  }
}

function rangeText({ offsetBytes, lengthBytes }: Range): string {
  return `bytes ${offsetBytes} to ${offsetBytes + lengthBytes}`;
}
