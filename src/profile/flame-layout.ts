/** Where the boxes of a flame tree stand: fractions of the width, one row a level, the widest first. */
import type { FlameNode } from './flame-tree.js';
import { PHASES } from './phase.js';

export interface FlameBox {
  readonly node: FlameNode;
  readonly depth: number;
  readonly start: number;
  readonly width: number;
}

const ORDER_OF_PHASE = new Map(PHASES.map(({ name }, order) => [name, order]));

/** Boxes narrower than `widthMin` are left out, with what is below them: they cannot be seen, and there are thousands. */
export function layOut(root: FlameNode, widthMin: number): FlameBox[] {
  const boxes: FlameBox[] = [];
  const total = extentOf(root);
  const place = (node: FlameNode, depth: number, start: number): void => {
    const width = total === 0 ? 1 : extentOf(node) / total;
    if (width < widthMin) return;
    boxes.push({ node, depth, start, width });
    let at = start;
    for (const child of inOrder(node)) {
      place(child, depth + 1, at);
      at += total === 0 ? 0 : extentOf(child) / total;
    }
  };
  place(root, 0, 0);
  return boxes;
}

/** In a comparison, that of both together: so that what is gone can be seen too. */
export function extentOf({ weight, weightBefore }: FlameNode): number {
  return weight + weightBefore;
}

function inOrder({ level, children }: FlameNode): FlameNode[] {
  const nodes = [...children.values()];
  // Threads stand as they come, phases as in the legend.
  if (level === 'process') return nodes;
  if (level === 'thread') return nodes.sort((a, b) => orderOf(a) - orderOf(b));
  return nodes.sort((a, b) => extentOf(b) - extentOf(a));
}

function orderOf({ phase }: FlameNode): number {
  return phase === undefined ? PHASES.length : (ORDER_OF_PHASE.get(phase) ?? PHASES.length);
}
