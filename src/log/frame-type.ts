import { FRAME_FIRST, FRAME_FULL, FRAME_LAST, FRAME_MIDDLE } from './log-format.js';

/** The type of a frame by its place in the record that it carries a piece of. */
export function frameTypeOf(isFirst: boolean, isLast: boolean): number {
  if (isFirst) return isLast ? FRAME_FULL : FRAME_FIRST;
  return isLast ? FRAME_LAST : FRAME_MIDDLE;
}
