/** Two profiles as one tree: what an operation takes before and after a change. */
import { StemeError } from '../base/errors.js';
import { addProfile, type FlameNode, newNode } from './flame-tree.js';
import type { Frame } from './frame.js';
import { type StackProfile, totalWeight } from './stack-profile.js';

export interface Difference {
  readonly root: FlameNode;
  /** What the weights are for: one operation where both profiles count them, else the same total of each. */
  readonly per: 'operation' | 'total';
}

/** Errors: STEME_INVALID_OPTION for profiles that cannot be compared. */
export function compareProfiles(before: StackProfile, after: StackProfile): Difference {
  if (before.kind !== after.kind || before.unit !== after.unit) {
    const kinds = `${before.kind} in ${before.unit}, and ${after.kind} in ${after.unit}`;
    throw new StemeError('STEME_INVALID_OPTION', `profiles of two kinds cannot be compared: ${kinds}`);
  }
  const per = hasOperations(before) && hasOperations(after) ? 'operation' : 'total';
  const root = newNode(`${before.title} → ${after.title}`, 'process');
  addProfile(root, before, 'weightBefore', scaleOf(before, per), identityOf);
  addProfile(root, after, 'weight', scaleOf(after, per), identityOf);
  return { root, per };
}

/** −1 for what is gone, 0 for what is the same, 1 for what is new. */
export function changeOf({ weight, weightBefore }: Pick<FlameNode, 'weight' | 'weightBefore'>): number {
  const sum = weight + weightBefore;
  return sum === 0 ? 0 : (weight - weightBefore) / sum;
}

function hasOperations({ operations }: StackProfile): boolean {
  return operations !== undefined && operations > 0;
}

function scaleOf(profile: StackProfile, per: Difference['per']): number {
  if (per === 'operation' && profile.operations !== undefined) return 1 / profile.operations;
  const total = totalWeight(profile);
  return total === 0 ? 0 : 1 / total;
}

/** Without the line: an edit above moves it. */
function identityOf({ name, file }: Frame): string {
  return file === '' ? name : `${name} ${file}`;
}
