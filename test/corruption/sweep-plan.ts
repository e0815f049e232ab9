/** Which harms are done to which part of which file: all of them, or a seeded sample. */
import type { Prng } from '../../src/base/prng.js';
import { type DamageableFile, type Harm, type HarmKind, PAGE_BYTES, pageOf, planHarm } from '../support/damage-plan.js';
import type { Region } from '../support/table-regions.js';
import { UNUSED } from './file-regions.js';

export interface SweepSettings {
  /** Every bit flipped and every cut made, but in space that is not in use. */
  readonly everyBit: boolean;
  /** Else so many of each harm for each part of a file. */
  readonly samples: number;
}

export interface PlannedHarm {
  /** A row of the report. */
  readonly row: string;
  readonly harm: Harm;
}

/** Regions of no more bytes have every bit flipped in a sample too. */
const SMALL_REGION_BYTES = 32;

export function planSweep(
  file: DamageableFile,
  regions: readonly Region[],
  settings: SweepSettings,
  prng: Prng,
): PlannedHarm[] {
  return [
    ...planFlips(file, regions, settings, prng),
    ...row(file, 'truncation', planCuts(file, regions, settings, prng)),
    ...row(file, 'zeroed page', planPages(file, regions, settings, prng)),
    ...row(file, 'swapped blocks', some(file, 'swapped blocks', settings.samples, prng)),
    ...row(file, 'extended', some(file, 'extended', 2, prng)),
    ...row(file, 'missing', some(file, 'missing', 1, prng)),
    ...row(file, 'emptied', some(file, 'emptied', 1, prng)),
    ...row(file, 'of another database', some(file, 'of another database', 1, prng)),
  ];
}

function row({ kind }: DamageableFile, name: string, harms: readonly Harm[]): PlannedHarm[] {
  return harms.map((harm) => ({ row: `${kind}: ${name}`, harm }));
}

function some(file: DamageableFile, kind: HarmKind, count: number, prng: Prng): Harm[] {
  const harms = Array.from({ length: count }, () => planHarm(file, kind, prng));
  return harms.filter((harm) => harm !== undefined);
}

/** By part of the file, the blocks of a kind together. */
function planFlips(
  file: DamageableFile,
  regions: readonly Region[],
  { everyBit, samples }: SweepSettings,
  prng: Prng,
): PlannedHarm[] {
  const flips: PlannedHarm[] = [];
  for (const name of new Set(regions.map((region) => region.name))) {
    const parts = regions.filter((region) => region.name === name);
    const lengthBytes = parts.reduce((sum, part) => sum + part.lengthBytes, 0);
    const isWhole = name !== UNUSED && (everyBit || lengthBytes <= SMALL_REGION_BYTES);
    const count = isWhole ? lengthBytes * 8 : samples;
    for (let i = 0; i < count; i++) {
      const bitAt = isWhole ? i : prng.below(lengthBytes * 8);
      const offsetBytes = offsetIn(parts, Math.floor(bitAt / 8));
      const harm = { kind: 'bit flip' as const, file: file.name, offsetBytes, bit: bitAt % 8 };
      flips.push({ row: `${file.kind}: bit flip, ${name}`, harm });
    }
  }
  return flips;
}

/** Where the n-th byte of these regions stands in the file. */
function offsetIn(parts: readonly Region[], byte: number): number {
  let left = byte;
  for (const { offsetBytes, lengthBytes } of parts) {
    if (left < lengthBytes) return offsetBytes + left;
    left -= lengthBytes;
  }
  throw new RangeError('no such byte');
}

/** At random, and at the ends of regions and beside them, where readers are off by one. */
function planCuts(
  { name: file, sizeBytes }: DamageableFile,
  regions: readonly Region[],
  { everyBit, samples }: SweepSettings,
  prng: Prng,
): Harm[] {
  const usedBytes = usedBytesOf(regions);
  const sizes = new Set<number>();
  if (everyBit) for (let size = 0; size < usedBytes; size++) sizes.add(size);
  for (let i = 0; i < samples && sizeBytes > 0; i++) {
    sizes.add(prng.below(i % 4 === 0 ? sizeBytes : Math.max(1, usedBytes)));
    const { offsetBytes, lengthBytes } = prng.pick(regions);
    for (const by of [-1, 0, 1]) sizes.add(offsetBytes + lengthBytes * prng.below(2) + by);
  }
  return [...sizes]
    .filter((size) => size >= 0 && size < sizeBytes)
    .map((size) => ({ kind: 'truncation', file, sizeBytes: size }));
}

function planPages(
  { name: file, sizeBytes }: DamageableFile,
  regions: readonly Region[],
  { everyBit, samples }: SweepSettings,
  prng: Prng,
): Harm[] {
  const usedPages = Math.ceil(usedBytesOf(regions) / PAGE_BYTES);
  const pages = new Set<number>();
  const isWhole = everyBit || usedPages <= samples;
  for (let i = 0; i < (isWhole ? usedPages : samples); i++) pages.add(isWhole ? i : prng.below(usedPages));
  if (sizeBytes > 0) pages.add(prng.below(Math.ceil(sizeBytes / PAGE_BYTES)));
  return [...pages].map((page) => ({ kind: 'zeroed page', file, ...pageOf(page, sizeBytes) }));
}

function usedBytesOf(regions: readonly Region[]): number {
  const last = regions.findLast(({ name }) => name !== UNUSED);
  return last === undefined ? 0 : last.offsetBytes + last.lengthBytes;
}
