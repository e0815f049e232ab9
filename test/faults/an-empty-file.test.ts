import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { open } from '../../src/index.js';
import { temporaryDirectory } from '../cli/cli-harness.js';
import { contentsOf } from './scan.js';
import { steme } from './steme-process.js';

const NOTHING_STORED = {
  storedRecords: 0,
  rejectedRecords: 0,
  emptyLines: 0,
  sourceBytes: 0,
  lastLine: 0,
  interrupted: false,
};

async function expectNothingIngested(source: string, format: string, db: string): Promise<void> {
  const { exitCode, stdout, stderr } = await steme(['ingest', source, '--format', format, '--db', db, '--json']);
  expect({ format, exitCode, stderr }).toEqual({ format, exitCode: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject(NOTHING_STORED);
  expect(await contentsOf(db)).toEqual([]);
}

describe('an empty source', () => {
  it.each(['a file', 'standard input'])(
    'from %s is no record in any format, and leaves a database that works',
    async (kind) => {
      const directory = await temporaryDirectory();
      const file = join(directory, 'empty');
      await writeFile(file, '');
      const source = kind === 'a file' ? file : '-';
      const formats = ['lines', 'ndjson', 'csv'];
      await Promise.all(formats.map((format) => expectNothingIngested(source, format, join(directory, format))));
      for (const format of formats) {
        await using database = await open(join(directory, format));
        await database.put('key', 'value');
        expect(database.getSync('key')?.toString()).toBe('value');
      }
    },
  );
});
