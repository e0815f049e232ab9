import type { SegmentCandidate } from '../../wal/segment-chain.js';
import type { SegmentHeader } from '../../wal/wal-segment.js';

/** A segment that was part of the log, so far as it can be told. */
export interface SalvageLink {
  readonly number: number;
  /** Undefined: frames of a segment whose header is lost are sought at every place where one may start. */
  readonly alignmentBytes: number | undefined;
  /** Where its records end, as its successor says; undefined where that is not known. */
  readonly endBytes: number | undefined;
}

/**
 * The segments of a damaged log, oldest first: from the newest one that was started back along the names of predecessors. Where a
 * segment is missing or has lost its header the walk begins again below it. A segment that the names pass over was given up by
 * an earlier recovery, and is not part of the log: what is in it was never acknowledged. `candidates` ascend. Pure.
 */
export function salvageChain(candidates: readonly SegmentCandidate[]): SalvageLink[] {
  const links: SalvageLink[] = [];
  for (let below = Number.POSITIVE_INFINITY; ; ) {
    const start = newestStarted(candidates, below);
    if (start === undefined) break;
    below = walkBack(candidates, start, links);
  }
  if (links.length > 0) return links.reverse();
  // No header at all: every segment may have frames of its own.
  return candidates.map(({ number }) => ({ number, alignmentBytes: undefined, endBytes: undefined }));
}

function newestStarted(candidates: readonly SegmentCandidate[], below: number): SegmentHeader | undefined {
  return candidates.findLast(({ number, header }) => number < below && header !== undefined)?.header;
}

/** Adds the segments from `start` back to the first one that cannot be followed; returns the number of what is before it. */
function walkBack(candidates: readonly SegmentCandidate[], start: SegmentHeader, links: SalvageLink[]): number {
  links.push({ number: start.number, alignmentBytes: start.alignmentBytes, endBytes: undefined });
  for (let header = start; ; ) {
    const { predecessorNumber: number, predecessorEndBytes: endBytes } = header;
    const predecessor = candidates.find((candidate) => candidate.number === number);
    if (predecessor === undefined) return number;
    links.push({ number, alignmentBytes: predecessor.header?.alignmentBytes, endBytes });
    if (predecessor.header === undefined) return number;
    header = predecessor.header;
  }
}
