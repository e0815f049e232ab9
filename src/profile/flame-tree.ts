/** Stacks folded into a tree: process, threads, phases of the engine, frames. Of one profile, or of two that are compared. */
import { type Frame, frameLabel } from './frame.js';
import { type PhaseName, phaseOf } from './phase.js';
import type { StackProfile, WeightedStack } from './stack-profile.js';

export type FlameLevel = 'process' | 'thread' | 'phase' | 'frame';

export interface FlameNode {
  readonly label: string;
  readonly level: FlameLevel;
  readonly phase: PhaseName | undefined;
  readonly origin: Frame['origin'] | undefined;
  /** With all below it. In a comparison of the later profile, and for one operation. */
  weight: number;
  /** Of the earlier profile, in a comparison; else 0. */
  weightBefore: number;
  readonly children: Map<string, FlameNode>;
}

export interface PhaseShare {
  readonly phase: PhaseName;
  readonly weight: number;
  readonly weightBefore: number;
}

export function foldProfile(profile: StackProfile): FlameNode {
  const root = newNode(profile.title, 'process');
  addProfile(root, profile, 'weight', 1, frameLabel);
  return root;
}

/** Adds the stacks of a profile, each weight times `scale`. `identityOf` says which frames are the same one. */
export function addProfile(
  root: FlameNode,
  profile: StackProfile,
  field: 'weight' | 'weightBefore',
  scale: number,
  identityOf: (frame: Frame) => string,
): void {
  for (const { name, stacks } of profile.threads) {
    for (const stack of stacks) addStack(root, name, stack, { field, scale, identityOf });
  }
}

interface Addition {
  readonly field: 'weight' | 'weightBefore';
  readonly scale: number;
  readonly identityOf: (frame: Frame) => string;
}

function addStack(root: FlameNode, thread: string, { frames, weight }: WeightedStack, addition: Addition): void {
  const { field, scale, identityOf } = addition;
  const amount = weight * scale;
  const phase = phaseOf(frames);
  let node = root;
  node[field] += amount;
  const step = (key: string, make: () => FlameNode): void => {
    node = childOf(node, key, make);
    node[field] += amount;
  };
  step(thread, () => newNode(thread, 'thread'));
  step(phase, () => newNode(phase, 'phase', phase));
  for (const frame of frames) {
    const label = identityOf(frame);
    step(label, () => newNode(label, 'frame', phase, frame.origin));
  }
}

export function newNode(label: string, level: FlameLevel, phase?: PhaseName, origin?: Frame['origin']): FlameNode {
  return { label, level, phase, origin, weight: 0, weightBefore: 0, children: new Map() };
}

function childOf(node: FlameNode, key: string, make: () => FlameNode): FlameNode {
  const known = node.children.get(key);
  if (known !== undefined) return known;
  const child = make();
  node.children.set(key, child);
  return child;
}

/** What each phase took in all threads together, the most first. */
export function phaseShares(root: FlameNode): PhaseShare[] {
  const shares = new Map<PhaseName, { weight: number; weightBefore: number }>();
  for (const thread of root.children.values()) {
    for (const { phase, weight, weightBefore } of thread.children.values()) {
      if (phase === undefined) continue;
      const share = shares.get(phase) ?? { weight: 0, weightBefore: 0 };
      shares.set(phase, { weight: share.weight + weight, weightBefore: share.weightBefore + weightBefore });
    }
  }
  return [...shares]
    .map(([phase, share]) => ({ phase, ...share }))
    .sort((a, b) => b.weight + b.weightBefore - a.weight - a.weightBefore);
}
