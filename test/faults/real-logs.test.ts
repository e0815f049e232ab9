import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../cli/cli-harness.js';
import { expectEntries } from './expect-entries.js';
import { entriesOfLines, linesOf } from './lines-of-bytes.js';
import { contentsOf } from './scan.js';
import { steme } from './steme-process.js';

const collection = join(import.meta.dirname, '../../../shared/data/loghub');
const isThere = existsSync(collection);

interface Log {
  readonly name: string;
  readonly bytes: Buffer;
}

function collectedLogs(): Log[] {
  const names = readdirSync(collection).filter((name) => name.endsWith('.log'));
  return names.map((name) => ({ name, bytes: readFileSync(join(collection, name)) }));
}

/** As real logs are: levels, times, a stack trace now and then, text of the world, both line endings. */
function generatedLog(): Log {
  const lines = Array.from({ length: 2000 }, (_, i) => {
    const time = new Date(1_700_000_000_000 + i * 137).toISOString();
    const trace = i % 50 === 0 ? `\r\n\tat handler.ts:${i}\r\n` : '\n';
    return `${time} ${i % 9 === 0 ? 'WARN' : 'INFO'} [worker-${i % 7}] größe=${i * i} "日志" ${'x'.repeat(i % 90)}${trace}`;
  });
  return { name: 'generated.log', bytes: Buffer.from(lines.join('')) };
}

const logs = isThere ? collectedLogs() : [generatedLog()];

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

describe(isThere ? 'the logs of the loghub collection' : 'a generated log (the loghub collection is not here)', () => {
  it('go in line by line, byte for byte, and a second time change nothing', async () => {
    expect(logs.length).toBeGreaterThan(0);
    const directory = await temporaryDirectory();
    for (const { name, bytes } of logs) await writeFile(join(directory, name), bytes);
    for (let round = 1; round <= 2; round++) {
      await Promise.all(logs.map((log) => expectIngested(directory, log)));
    }
  });
});
