import { readdir } from 'node:fs/promises';
import { expect } from 'vitest';
import { open } from '../../src/index.js';

/** Of a database that is closed: every table and blob file that is there is one of its own. */
export async function expectNoLeftovers(directory: string): Promise<void> {
  await using db = await open(directory, { readOnly: true });
  const { levels, blobs } = db.stats();
  const tableCount = levels.reduce((sum, { fileCount }) => sum + fileCount, 0);
  const names = await readdir(directory);
  expect(names.filter((name) => name.endsWith('.sst'))).toHaveLength(tableCount);
  expect(names.filter((name) => name.endsWith('.blob'))).toHaveLength(blobs.fileCount);
}
