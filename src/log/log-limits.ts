import { assert } from '../base/errors.js';
import { BATCH_BYTES_MAX, KIB, LOG_FRAME_PAYLOAD_BYTES_MAX } from '../base/limits.js';

/**
 * The longest record that frames are joined into. It is the largest batch with the overhead of its smallest operations: a
 * put of a one-byte key adds three bytes to it. Memory is taken as the frames are found, never for a claim.
 */
export const LOG_RECORD_BYTES_MAX = 4 * BATCH_BYTES_MAX + LOG_FRAME_PAYLOAD_BYTES_MAX;

/** A header frame is small, so that finding out what a file is costs one small read. */
export const LOG_HEADER_PAYLOAD_BYTES_MAX = 4 * KIB;

// Buffers end at 4 GiB on the oldest Node in use, and a record is joined into one.
assert(LOG_RECORD_BYTES_MAX < 2 ** 32, 'a record fits one buffer');
