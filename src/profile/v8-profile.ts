/** What V8's two profilers answer, made stacks. */
import { type Frame, type FramePaths, jsFrame } from './frame.js';
import { isWaiting } from './phase.js';
import type { ThreadStacks, WeightedStack } from './stack-profile.js';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  /** From 0. */
  readonly lineNumber: number;
}

export interface V8CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  /** Microseconds of an arbitrary clock. */
  readonly startTime: number;
  readonly endTime: number;
  readonly samples?: readonly number[];
  /** Microseconds from the sample before. */
  readonly timeDeltas?: readonly number[];
}

export interface V8HeapProfile {
  readonly head: V8HeapNode;
}

export interface V8HeapNode {
  readonly callFrame: CallFrame;
  readonly selfSize: number;
  readonly children: readonly V8HeapNode[];
}

export function cpuThread(name: string, profile: V8CpuProfile, paths: FramePaths): ThreadStacks {
  const weightOfNode = weightsOfNodes(profile);
  const framesOf = stackReader(profile, paths);
  const stacks: WeightedStack[] = [];
  let waitingWeight = 0;
  for (const [id, weight] of weightOfNode) {
    const frames = framesOf(id);
    if (isWaiting(frames)) waitingWeight += weight;
    else stacks.push({ frames, weight });
  }
  return { name, stacks, waitingWeight };
}

/** A sample stands for the time until the next one. */
function weightsOfNodes({ samples = [], timeDeltas = [], startTime, endTime }: V8CpuProfile): Map<number, number> {
  const weightOfNode = new Map<number, number>();
  let atUs = startTime;
  for (let i = 0; i < samples.length; i++) {
    atUs += timeDeltas[i] ?? 0;
    const weight = Math.max(0, i + 1 < samples.length ? (timeDeltas[i + 1] ?? 0) : endTime - atUs);
    weightOfNode.set(samples[i], (weightOfNode.get(samples[i]) ?? 0) + weight);
  }
  return weightOfNode;
}

function stackReader({ nodes }: V8CpuProfile, paths: FramePaths): (leaf: number) => Frame[] {
  const frameOfId = new Map(nodes.map(({ id, callFrame }) => [id, frameOf(callFrame, paths)]));
  const parentOfId = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  return (leaf) => {
    const frames: Frame[] = [];
    for (let id: number | undefined = leaf; id !== undefined; id = parentOfId.get(id)) {
      const frame = frameOfId.get(id);
      if (frame !== undefined && frame.name !== '(root)') frames.push(frame);
    }
    return frames.reverse();
  };
}

export function heapThread(name: string, { head }: V8HeapProfile, paths: FramePaths): ThreadStacks {
  const stacks: WeightedStack[] = [];
  const visit = (node: V8HeapNode, above: readonly Frame[]): void => {
    const frame = frameOf(node.callFrame, paths);
    const frames = frame.name === '(root)' ? above : [...above, frame];
    if (node.selfSize > 0) stacks.push({ frames, weight: node.selfSize });
    for (const child of node.children) visit(child, frames);
  };
  visit(head, []);
  return { name, stacks, waitingWeight: 0 };
}

function frameOf({ functionName, url, lineNumber }: CallFrame, paths: FramePaths): Frame {
  return jsFrame(functionName, url, lineNumber + 1, paths);
}
