import type { Harm } from '../support/damage-plan.js';
import { fileRegions } from './file-regions.js';
import type { KnownDatabase } from './known-database.js';

/** A frame with one record. */
export interface LogRecordPlace {
  readonly file: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** The records that are in the log alone, oldest first: each was acknowledged before the next one was written. */
export async function unflushedRecords(known: KnownDatabase): Promise<LogRecordPlace[]> {
  const places: LogRecordPlace[] = [];
  const names = await known.disk.list(known.directory);
  for (const file of names.filter((name) => name.endsWith('.log')).sort()) {
    const frames = (await fileRegions(known, file)).filter(({ name }) => name === 'frame' || name === 'last frame');
    places.push(...frames.map(({ offsetBytes, lengthBytes }) => ({ file, offsetBytes, lengthBytes })));
  }
  const count = known.states.length - 1;
  if (places.length < count) throw new Error(`the log has ${places.length} records, not ${count}`);
  return places.slice(places.length - count);
}

/**
 * Whether nobody could tell the loss of all records from number `kept` on from a torn tail. Each of them is harmed itself: a whole one
 * behind the first says, by its durable mark, that the first one had been acknowledged. The first one may also be lost with
 * what stands before it in its segment, the header.
 */
export function mayBeTorn(records: readonly LogRecordPlace[], harm: Harm, kept: number): boolean {
  const [first, ...others] = records.slice(kept);
  const isFirstLost = isHarmed({ ...first, offsetBytes: 0, lengthBytes: first.offsetBytes + first.lengthBytes }, harm);
  return isFirstLost && others.every((record) => isHarmed(record, harm));
}

function isHarmed({ file, offsetBytes, lengthBytes }: LogRecordPlace, harm: Harm): boolean {
  if (file !== harm.file) return false;
  const endBytes = offsetBytes + lengthBytes;
  switch (harm.kind) {
    case 'bit flip':
      return harm.offsetBytes >= offsetBytes && harm.offsetBytes < endBytes;
    case 'truncation':
      return endBytes > harm.sizeBytes;
    case 'zeroed page':
      return overlaps(harm, offsetBytes, endBytes);
    case 'swapped blocks':
      return overlaps(harm.first, offsetBytes, endBytes) || overlaps(harm.second, offsetBytes, endBytes);
    case 'missing':
    case 'of another database':
    case 'emptied':
      return true;
    case 'extended':
      return false;
  }
}

function overlaps(
  range: { readonly offsetBytes: number; readonly lengthBytes: number },
  start: number,
  end: number,
): boolean {
  return range.offsetBytes < end && range.offsetBytes + range.lengthBytes > start;
}
