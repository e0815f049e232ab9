import type { SimulatedTable, TableContents } from './simulated-table.js';

export interface MergeShape {
  readonly keyCount: number;
  readonly entryBytes: number;
  readonly distinctKeys: (writes: number) => number;
  readonly tableBytesTarget: number;
  readonly grandparents: readonly SimulatedTable[];
  readonly grandparentBytesMax: number;
}

/** A part of the key space in which the same inputs overlap. */
interface Segment {
  readonly start: number;
  readonly end: number;
  readonly density: number;
  readonly entryCount: number;
  /** Of the grandparent that begins here, if one does. */
  readonly grandparentBytes: number;
}

/**
 * What a merge makes of the inputs. Where they overlap their writes add up, and so many distinct keys remain as the writes of
 * both together have: that is exact for writes that fall independently of each other.
 */
export function mergeTables(inputs: readonly SimulatedTable[], shape: MergeShape): TableContents[] {
  const outputs: TableContents[] = [];
  let current = new OutputTable();
  let grandparentBytes = 0;
  const finish = (): void => {
    if (current.entryCount > 0) outputs.push(current.contents());
    current = new OutputTable();
    grandparentBytes = 0;
  };
  for (const segment of segmentsOf(inputs, shape)) {
    grandparentBytes += segment.grandparentBytes;
    if (grandparentBytes > shape.grandparentBytesMax) finish();
    const entriesMax = shape.tableBytesTarget / shape.entryBytes;
    for (let rest: Segment | undefined = segment; rest !== undefined; ) {
      const share = Math.min(1, (entriesMax - current.entryCount) / rest.entryCount);
      current.add(share === 1 ? rest : firstOf(rest, share));
      rest = share === 1 ? undefined : restOf(rest, share);
      if (current.entryCount >= entriesMax * (1 - 1e-9)) finish();
    }
  }
  finish();
  return outputs;
}

class OutputTable {
  entryCount = 0;
  #start: number | undefined;
  #end = 0;
  #writes = 0;
  #width = 0;

  add({ start, end, density, entryCount }: Segment): void {
    this.#start ??= start;
    this.#end = end;
    this.entryCount += entryCount;
    this.#writes += (end - start) * density;
    this.#width += end - start;
  }

  contents(): TableContents {
    const density = this.#writes / this.#width;
    return { start: this.#start ?? 0, end: this.#end, density, entryCount: this.entryCount };
  }
}

function firstOf(segment: Segment, share: number): Segment {
  const end = segment.start + (segment.end - segment.start) * share;
  return { ...segment, end, entryCount: segment.entryCount * share };
}

function restOf(segment: Segment, share: number): Segment {
  const start = segment.start + (segment.end - segment.start) * share;
  return { ...segment, start, entryCount: segment.entryCount * (1 - share), grandparentBytes: 0 };
}

function segmentsOf(inputs: readonly SimulatedTable[], shape: MergeShape): Segment[] {
  const grandparentAt = new Map(shape.grandparents.map(({ start, fileBytes }) => [start, fileBytes]));
  const cuts = new Set([...inputs.flatMap(({ start, end }) => [start, end]), ...grandparentAt.keys()]);
  const bounds = [...cuts].sort((a, b) => a - b);
  const active = [...inputs].sort((a, b) => a.start - b.start);
  const segments: Segment[] = [];
  for (let i = 0; i + 1 < bounds.length; i++) {
    const start = bounds[i];
    const end = bounds[i + 1];
    let density = 0;
    for (const input of active) if (input.start <= start && input.end >= end) density += input.density;
    if (density === 0) continue;
    const entryCount = ((end - start) / shape.keyCount) * shape.distinctKeys(density);
    segments.push({ start, end, density, entryCount, grandparentBytes: grandparentAt.get(start) ?? 0 });
  }
  return segments;
}
