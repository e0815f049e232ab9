import { StemeError } from '../base/errors.js';
import { isTableKind, KIND_DELETE, KIND_PUT, readTrailerKind, readTrailerSequence } from '../base/internal-key.js';
import { LOOKUP_DELETED, LOOKUP_FOUND, type PointResult } from '../base/point-result.js';
import {
  type BlockEntry,
  createBlockEntry,
  decodeBlockEntry,
  findRestartBefore,
  findRestarts,
  malformedBlock,
} from './block-entry.js';

const entry = createBlockEntry();

/**
 * Looks for the newest version of `key` at or below `sequenceMax` in a checked block. True if it is here: `result`
 * then holds it, FOUND or DELETED. False leaves `result` alone. Allocates nothing. `file` and `offsetBytes` name the
 * block in a CorruptionError; a kind that this version does not know is STEME_UNSUPPORTED.
 *
 * No key is put together on the way. `matched` counts the bytes of `key` that the key before has in common with it,
 * that key being smaller. An entry that shares more with the key before is smaller for the same reason; one that
 * shares less is larger, because it grew at a place where the two agreed; only one that shares exactly so much must
 * be looked at.
 */
export function findInBlock(
  block: Uint8Array,
  key: Uint8Array,
  sequenceMax: number,
  result: PointResult,
  file: string,
  offsetBytes: number,
): boolean {
  const end = findRestarts(block);
  if (end < 0) throw malformedBlock(file, offsetBytes, block.length);
  const keyBytes = key.length;
  let at = findRestartBefore(block, end, key, sequenceMax, entry);
  if (at < 0) throw malformedBlock(file, offsetBytes, end);
  let matched = 0;
  let previousKeyBytes = 0;
  while (at < end) {
    if (!decodeBlockEntry(block, at, end, entry)) throw malformedBlock(file, offsetBytes, at);
    const shared = entry.sharedBytes;
    const suffixEnd = entry.trailerAt;
    let position = entry.keyAt;
    if (shared > previousKeyBytes) throw malformedBlock(file, offsetBytes, at);
    previousKeyBytes = shared + suffixEnd - position;
    if (shared <= matched) {
      if (shared < matched) {
        // A restart point shares nothing by construction: it alone must be looked at all the same.
        if (shared !== 0) return false;
        matched = 0;
      }
      while (position < suffixEnd && matched < keyBytes && block[position] === key[matched]) {
        position++;
        matched++;
      }
      if (position < suffixEnd) {
        if (matched === keyBytes || block[position] > key[matched]) return false;
      } else if (matched === keyBytes && readTrailerSequence(block, suffixEnd) <= sequenceMax) {
        fillPointResult(block, entry, result, file);
        return true;
      }
    }
    at = entry.endAt;
  }
  return false;
}

/** Answers a lookup with `entry` of `block`. A kind that this version does not know is STEME_UNSUPPORTED. */
export function fillPointResult(block: Uint8Array, entry: BlockEntry, result: PointResult, file: string): void {
  const kind = readTrailerKind(block, entry.trailerAt);
  if (kind === KIND_PUT) result.state = LOOKUP_FOUND;
  else if (kind === KIND_DELETE) result.state = LOOKUP_DELETED;
  else if (isTableKind(kind)) result.state = LOOKUP_FOUND;
  else throw unknownKind(kind, file);
  result.source = block;
  result.start = entry.valueAt;
  result.end = entry.endAt;
  result.sequence = readTrailerSequence(block, entry.trailerAt);
  result.kind = kind;
}

function unknownKind(kind: number, file: string): StemeError {
  return new StemeError(
    'STEME_UNSUPPORTED',
    `${file} holds an entry of kind ${kind}, which this version does not know`,
  );
}
