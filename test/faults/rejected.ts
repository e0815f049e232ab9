import { open, type QuarantinedRecord } from '../../src/index.js';

/** All that the quarantine of the database in `directory` holds, by the place in the source, read without writing. */
export async function rejectedIn(directory: string): Promise<QuarantinedRecord[]> {
  await using db = await open(directory, { readOnly: true });
  const records: QuarantinedRecord[] = [];
  for await (const record of db.quarantine.list()) records.push(record);
  return records.sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
}
