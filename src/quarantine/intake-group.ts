import { Deferred } from '../base/deferred.js';
import { WAL_BATCH_BYTES } from '../base/limits.js';
import type { RecordPieces } from '../log/frame-writer.js';
import type { EncodedEntry } from './encoded-entry.js';

/** Everything that was appended, for whatever tenants, while the group before it was on its way: one write, one sync, one promise. */
export class IntakeGroup {
  readonly entries: EncodedEntry[] = [];
  readonly done = new Deferred<void>();

  /** As many entries to a record as a batch of the log has room for; a larger one is a record of its own. */
  records(): RecordPieces[] {
    const records: Uint8Array[][] = [];
    let recordBytes = 0;
    for (const { bytes } of this.entries) {
      const record = records.at(-1);
      if (record !== undefined && recordBytes + bytes.length <= WAL_BATCH_BYTES) {
        record.push(bytes);
        recordBytes += bytes.length;
      } else {
        records.push([bytes]);
        recordBytes = bytes.length;
      }
    }
    return records;
  }
}
