import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../cli/cli-harness.js';
import { expectEntries } from './expect-entries.js';
import { entriesOfLines, linesOf } from './lines-of-bytes.js';
import { isCollectionThere, type Log, realLogs } from './real-logs.js';
import { contentsOf } from './scan.js';
import { steme } from './steme-process.js';

const logs = realLogs();

async function expectIngested(directory: string, { name, bytes }: Log): Promise<void> {
  const lines = linesOf(bytes);
  expect(lines.length, name).toBeGreaterThan(1000);
  const db = join(directory, `${name}.db`);
  const argv = ['ingest', join(directory, name), '--db', db, '--json', '--strict'];
  const { exitCode, stdout } = await steme(argv);
  expect({ name, exitCode }).toEqual({ name, exitCode: 0 });
  expect(JSON.parse(stdout)).toMatchObject({ storedRecords: lines.length, sourceBytes: bytes.length });
  expectEntries(await contentsOf(db), entriesOfLines(name, lines));
}

describe(
  isCollectionThere ? 'the logs of the loghub collection' : 'a generated log (the loghub collection is not here)',
  () => {
    it('go in line by line, byte for byte, and a second time change nothing', async () => {
      expect(logs.length).toBeGreaterThan(0);
      const directory = await temporaryDirectory();
      for (const { name, bytes } of logs) await writeFile(join(directory, name), bytes);
      for (let round = 1; round <= 2; round++) {
        await Promise.all(logs.map((log) => expectIngested(directory, log)));
      }
    });
  },
);
