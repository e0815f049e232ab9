import { KEY_BYTES, type RecordSource } from './workload.js';

const KEYS_AHEAD = 1024;

/** Hands out the keys of the records one after the other, made many at a time. */
export function keysAhead(records: RecordSource): () => Buffer {
  let keys = records.keys(0, KEYS_AHEAD);
  let next = 0;
  return () => {
    const place = next % KEYS_AHEAD;
    if (place === 0 && next > 0) keys = records.keys(next, KEYS_AHEAD);
    next++;
    return keys.subarray(place * KEY_BYTES, (place + 1) * KEY_BYTES);
  };
}
