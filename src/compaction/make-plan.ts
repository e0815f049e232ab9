import type { TableMetadata } from '../table/table-metadata.js';
import type { CompactionPlan, CompactionReason, PlanInput } from './compaction-plan.js';
import type { PickContext } from './pick-context.js';
import { blobsOf } from './rewritten-blobs.js';

/** Why a plan is made, and how urgent it is. */
export interface Motive {
  readonly reason: CompactionReason;
  readonly score: number;
}

export function inputsAt(level: number, tables: readonly TableMetadata[]): PlanInput[] {
  return tables.map((table) => ({ level, table }));
}

/** A merge; since it reads them anyway, it takes the living values out of wasted blob files. */
export function mergePlan(
  { wastedBlobs }: PickContext,
  motive: Motive,
  inputs: readonly PlanInput[],
  outputLevel: number,
): CompactionPlan {
  const rewrittenBlobs = blobsOf(
    inputs.map(({ table }) => table),
    wastedBlobs,
  );
  return { kind: 'merge', ...motive, inputs, outputLevel, ...(rewrittenBlobs.length > 0 && { rewrittenBlobs }) };
}

export function movePlan(motive: Motive, inputs: readonly PlanInput[], outputLevel: number): CompactionPlan {
  return { kind: 'move', ...motive, inputs, outputLevel };
}

export function dropPlan(motive: Motive, inputs: readonly PlanInput[]): CompactionPlan {
  return { kind: 'drop', ...motive, inputs, outputLevel: inputs[0].level };
}
