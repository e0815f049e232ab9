import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MIB } from '../../src/base/limits.js';
import { steme, temporaryDirectory } from './cli-harness.js';

interface Way {
  readonly name: string;
  /** Of ingest alone; a replay sees by itself what an entry is. */
  readonly format: readonly string[];
  /** Of both. */
  readonly keys: readonly string[];
  readonly good: string;
  /** The same, and some of its records damaged so that they are rejected. */
  readonly damaged: string;
  readonly rejected: number;
  /** What repairs them: the body of a function of a record's text. */
  readonly fix: string;
}

const WAYS: readonly Way[] = [
  {
    name: 'ndjson under the keys of its lines',
    format: ['--format', 'ndjson'],
    keys: [],
    good: '{"a":1}\n\n{"a":2}\r\n{"a":3}\n',
    damaged: '{"a":1\n\n{"a":2}\r\n{"a":3\n',
    rejected: 2,
    fix: 'return text + "}"',
  },
  {
    name: 'ndjson under the values of a field',
    format: ['--format', 'ndjson'],
    keys: ['--key', 'device.id'],
    good: '{"device":{"id":"x"}}\r\n{"device":{"id":"y"}}\r\r\n{"device":{"id":"z"}}',
    damaged: '{"device":{"id":"x"}\r\n{"device":{"ID":"y"}}\r\r\n{"device":{"id":"z"}}',
    rejected: 2,
    fix: 'return text.includes("ID") ? text.replace("ID", "id") : text + "}"',
  },
  {
    name: 'ndjson under times',
    format: ['--format', 'ndjson'],
    keys: ['--timestamp', 'at'],
    good: '{"at":1700000000}\n{"at":"2026-11-23T10:00:00Z","n":1}\n',
    damaged: '{"at":1700000000}\n{"at":"2026-11-23 at 10:00:00Z","n":1}\n',
    rejected: 1,
    fix: 'return text.replace(" at ", "T")',
  },
  {
    name: 'csv under the keys of its lines',
    format: ['--format', 'csv'],
    keys: [],
    good: '\ufeffid,"text\nof it"\r\n1,"one\ntwo"\r\n2,x\r\n3,é\r\n',
    damaged: '\ufeffid,"text\nof it"\r\n1,"one\ntwo"\r\n2\r\n3,é"\r\n',
    rejected: 2,
    fix: 'return text.endsWith("\\"") ? text.slice(0, -1) : text + ",x"',
  },
  {
    name: 'csv under times and the values of a column',
    format: ['--format', 'csv'],
    keys: ['--key', 'id', '--timestamp', 'at'],
    good: 'id,at\na,2026-11-23T10:00:00Z\nb,1700000000\n',
    damaged: 'id,at\na,2026-11-23T10:00:00Z\n,1700000000\n',
    rejected: 1,
    fix: 'return text.replace("\\n,", "\\nb,")',
  },
];

async function scan(db: string): Promise<string> {
  return (await steme(['scan', '--db', db, '--json'])).stdout;
}

async function fixModule(directory: string, body: string): Promise<string> {
  const path = join(directory, 'fix.mjs');
  await writeFile(path, `export default ({ payload }) => { const text = payload.toString(); ${body}; };\n`);
  return path;
}

describe('what an ingest rejected, repaired and replayed,', () => {
  it.each(WAYS)(
    'is in the store as if it had never been damaged: $name',
    async ({ format, keys, good, damaged, rejected, fix }) => {
      const directory = await temporaryDirectory();
      const [db, expected] = [join(directory, 'db'), join(directory, 'expected')];
      const ingest = ['ingest', '-', '--source', 'events', ...format, ...keys];
      await steme([...ingest, '--db', expected, '--strict'], { input: good });
      const { stdout } = await steme([...ingest, '--db', db, '--json'], { input: damaged });
      expect(JSON.parse(stdout).rejectedRecords).toBe(rejected);
      expect(await scan(db)).not.toBe(await scan(expected));

      const replay = ['quarantine', 'replay', '--db', db, ...keys];
      // As they are they fail again, for the same reasons.
      expect((await steme([...replay, '--strict'])).exitCode).toBe(6);
      const fixed = await steme([...replay, '--fix', await fixModule(directory, fix), '--strict', '--json']);
      expect(fixed.exitCode).toBe(0);
      expect(JSON.parse(fixed.stdout)).toMatchObject({ found: rejected, replayed: rejected });
      expect(await scan(db)).toBe(await scan(expected));
      expect((await steme(['quarantine', 'ls', '--db', db])).stdout).toBe('');
    },
  );

  it('needs no repair where only the key was wrong', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const ingest = ['ingest', '-', '--source', 's', '--format', 'ndjson', '--db', db];
    await steme([...ingest, '--key', 'ID'], { input: '{"id":1}\n{"id":2}\n' });
    expect((await steme(['quarantine', 'replay', '--db', db, '--key', 'id'])).stdout).toMatch(/^replayed 2 of 2 /);
    expect((await steme(['scan', '--db', db])).stdout).toBe('1\t{"id":1}\n2\t{"id":2}\n');
  });

  it('is there once, also where its source is ingested and what it rejects replayed again', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const ingest = ['ingest', '-', '--source', 's', '--format', 'ndjson', '--db', db];
    await steme([...ingest, '--key', 'ID'], { input: '{"id":1}\n' });
    const replay = ['quarantine', 'replay', '--db', db, '--key', 'id'];
    await steme(replay);
    await steme([...ingest, '--key', 'ID'], { input: '{"id":1}\n' });
    expect((await steme(replay)).exitCode).toBe(0);
    expect((await steme(['scan', '--db', db])).stdout).toBe('1\t{"id":1}\n');
  });

  it('is not stored as a whole where only its beginning was kept', async () => {
    const directory = await temporaryDirectory();
    const db = join(directory, 'db');
    await steme(['ingest', '-', '--source', 's', '--db', db], { input: `${'x'.repeat(64 * MIB + 1)}\nshort\n` });
    const replay = ['quarantine', 'replay', '--db', db];
    expect((await steme(replay)).stdout).toMatch(/^replayed 0 of 1 entries in .*, 1 failed and stay/);
    expect((await steme([...replay, '--dry-run'])).stdout).toMatch(/^would replay 0 of 1 /);
    const { stdout } = await steme(['quarantine', 'ls', '--db', db]);
    expect(stdout).toContain('only the beginning of the record is kept: a --fix must make a whole one of it');
    const fix = await fixModule(directory, 'return text.slice(0, 10)');
    expect((await steme([...replay, '--fix', fix])).stdout).toMatch(/^replayed 1 of 1 /);
    expect((await steme(['get', 's:000000000001', '--db', db])).stdout).toBe('x'.repeat(10));
  });
});
