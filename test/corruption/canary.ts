import { BLOCK_TRAILER_BYTES, COMPRESSION_NONE, writeBlockTrailer } from '../../src/base/block-trailer.js';
import { parseFileName } from '../../src/base/file-names.js';
import { damageableFiles, readWholeFile } from '../support/damage.js';
import { tableRegions } from '../support/table-regions.js';
import { runCase } from './corruption-case.js';
import { SHAPES } from './known-database.js';
import { unflushedRecords } from './log-records.js';

/** Proves that the sweep can fail: a changed value whose checksum was made to hold goes through the engine, and must be called silent. */
export async function isForgedValueSilent(): Promise<boolean> {
  const known = await SHAPES.deepLevels('A');
  const table = (await damageableFiles(known.disk, known.directory)).find(({ kind }) => kind === 'table');
  const file = table === undefined ? undefined : parseFileName(table.name);
  if (table === undefined || file?.kind !== 'table') throw new Error('the database has no table');
  const path = `${known.directory}/${table.name}`;
  const forged = await readWholeFile(known.disk, path);
  const [block] = await tableRegions(known.disk, path, file.number);
  const contentBytes = block.lengthBytes - BLOCK_TRAILER_BYTES;
  const content = forged.subarray(block.offsetBytes, block.offsetBytes + contentBytes);
  const valueAt = Buffer.from(content).indexOf('value ');
  content[valueAt] ^= 1;
  writeBlockTrailer(
    forged,
    block.offsetBytes + contentBytes,
    content,
    COMPRESSION_NONE,
    file.number,
    block.offsetBytes,
  );
  const verdict = await runCase({
    known,
    records: await unflushedRecords(known),
    harm: { kind: 'of another database', file: table.name },
    readMode: 'pread',
    otherDatabase: async () => forged,
  });
  return verdict.outcome === 'silent';
}
