/**
 * Which segments make up the log: the newest one that was started, its predecessor, and so on back to the first one that
 * holds unflushed records. Pure; the headers have been read by the caller.
 */
import { logName } from '../base/file-names.js';
import type { SegmentHeader } from './wal-segment.js';

export interface SegmentCandidate {
  readonly number: number;
  /** Absent where the header frame is not intact: the segment was never started, or its header is lost. */
  readonly header: SegmentHeader | undefined;
}

export interface ChainLink {
  readonly header: SegmentHeader;
  /** Where its records end, as its successor says; undefined for the last one. */
  readonly endBytes: number | undefined;
}

/** Why the log cannot be whole, whatever the records say. */
export interface ChainFault {
  readonly file: string;
  readonly expected: string;
  readonly found: string;
}

export interface SegmentChain {
  /** Oldest first. */
  readonly links: readonly ChainLink[];
  /** Segments outside the chain that may prove that acknowledged records are missing: look for durable marks in them. */
  readonly witnesses: readonly number[];
  /**
   * The segment whose lost header cut newer started segments off the chain. A lost machine leaves that too: the header of
   * a segment and that of its successor may both be unsynced, and the disk writes them in any order. Only a witness can
   * make it damage.
   */
  readonly headlessNumber: number | undefined;
  readonly fault: ChainFault | undefined;
}

/** What walking back from one segment ran into. */
type Walk =
  | { readonly end: 'whole'; readonly links: ChainLink[] }
  | { readonly end: 'missing' | 'headless' | 'bypass'; readonly number: number };

/** `candidates` are the segments present from `firstNumber` on, ascending. */
export function chooseChain(firstNumber: number, candidates: readonly SegmentCandidate[]): SegmentChain {
  if (candidates[0]?.number !== firstNumber) return broken(candidates, missingSegment(firstNumber));
  let below = Number.POSITIVE_INFINITY;
  let headlessNumber: number | undefined;
  let fault: ChainFault | undefined;
  for (;;) {
    const newest = newestStarted(candidates, below);
    if (newest === undefined) return finish(candidates, [], headlessNumber, fault);
    const walk = walkBack(firstNumber, candidates, newest);
    if (walk.end === 'whole') return finish(candidates, walk.links, headlessNumber, fault);
    // What hangs above the gap is cut off; the log can only be whole up to the newest segment below it.
    if (walk.end === 'bypass') return broken(candidates, bypassed(firstNumber, walk.number));
    if (walk.end === 'missing') fault = missingSegment(walk.number);
    else headlessNumber = walk.number;
    below = walk.number;
  }
}

function walkBack(firstNumber: number, candidates: readonly SegmentCandidate[], newest: SegmentHeader): Walk {
  const links: ChainLink[] = [{ header: newest, endBytes: undefined }];
  for (let header = newest; header.number !== firstNumber; ) {
    const { predecessorNumber, predecessorEndBytes } = header;
    // A log that found the first segment unstarted begins anew after it.
    if (predecessorNumber === 0 && candidates[0].header === undefined) return whole(links);
    if (predecessorNumber < firstNumber) return { end: 'bypass', number: header.number };
    const predecessor = candidates.find((candidate) => candidate.number === predecessorNumber);
    if (predecessor === undefined) return { end: 'missing', number: predecessorNumber };
    if (predecessor.header === undefined) {
      // Nothing of it was kept, so nothing of it is missed, and nothing before it is needed.
      if (predecessorNumber === firstNumber && predecessorEndBytes === 0) return whole(links);
      return { end: 'headless', number: predecessorNumber };
    }
    links.push({ header: predecessor.header, endBytes: predecessorEndBytes });
    header = predecessor.header;
  }
  return whole(links);
}

function whole(linksNewestFirst: ChainLink[]): Walk {
  return { end: 'whole', links: linksNewestFirst.reverse() };
}

function newestStarted(candidates: readonly SegmentCandidate[], below: number): SegmentHeader | undefined {
  return candidates.findLast(({ number, header }) => number < below && header !== undefined)?.header;
}

/** Witnesses: all that is newer than the chain, and an unstarted first segment that the chain begins after. */
function finish(
  candidates: readonly SegmentCandidate[],
  links: readonly ChainLink[],
  headlessNumber: number | undefined,
  fault: ChainFault | undefined,
): SegmentChain {
  const oldest = links.at(0)?.header.number ?? 0;
  const newest = links.at(-1)?.header.number ?? 0;
  const witnesses = candidates.map(({ number }) => number).filter((number) => number > newest || number < oldest);
  return { links, witnesses, headlessNumber, fault };
}

function broken(candidates: readonly SegmentCandidate[], fault: ChainFault): SegmentChain {
  return finish(candidates, [], undefined, fault);
}

function missingSegment(number: number): ChainFault {
  return { file: logName(number), expected: 'a log segment', found: 'a missing segment' };
}

function bypassed(firstNumber: number, number: number): ChainFault {
  const expected = `a chain of predecessors down to ${logName(firstNumber)}`;
  return { file: logName(number), expected, found: 'a chain that does not lead there' };
}
