import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { StemeError } from '../../src/base/errors.js';
import type { OpenDatabase } from '../../src/cli/cli-environment.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { open, type QuarantinedRecord } from '../../src/index.js';
import { steme, temporaryDirectory } from './cli-harness.js';

async function entriesOf(db: string): Promise<[string, string][]> {
  const { exitCode, stdout } = await steme(['scan', '--db', db, '--json']);
  expect(exitCode).toBe(0);
  const lines = stdout.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line)).map(({ key, value }) => [key, value]);
}

async function rejectedIn(db: string): Promise<QuarantinedRecord[]> {
  await using database = await open(db, { readOnly: true });
  const records: QuarantinedRecord[] = [];
  for await (const record of database.quarantine.list()) records.push(record);
  return records;
}

describe('steme ingest', () => {
  it('stores the lines of a file under their name and number, and says so in one line', async () => {
    const directory = await temporaryDirectory();
    const db = join(directory, 'db');
    await writeFile(join(directory, 'app.log'), 'one\r\n\ntwo');
    const { exitCode, stdout, stderr } = await steme(['ingest', join(directory, 'app.log'), '--db', db]);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^ingested 2 records \(9 B of lines\) in .*, 1 empty lines skipped, 0 rejected\n$/);
    expect(await entriesOf(db)).toEqual([
      ['app.log:000000000001', 'one'],
      ['app.log:000000000003', 'two'],
    ]);
    expect(await readdir(db)).not.toContain('quarantine');
  });

  it('stores bytes that are no text as they are', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const junk = Uint8Array.from([0, 0xff, 0xfe, 0x80, 0x0d, 0x1b]);
    await steme(['ingest', '-', '--db', db, '--source', 'junk'], { input: junk });
    const database = await open(db);
    expect(await database.get('junk:000000000001')).toEqual(Buffer.from(junk));
    await database.close();
  });

  it('stores nothing of an empty file, and that is fine', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'empty'), '');
    const { exitCode, stdout } = await steme([
      'ingest',
      join(directory, 'empty'),
      '--db',
      join(directory, 'db'),
      '--json',
    ]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      storedRecords: 0,
      rejectedRecords: 0,
      sourceBytes: 0,
      interrupted: false,
    });
  });

  it('keeps rejected records with reason and line number, goes on, and succeeds', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const input = '{"id":"a"}\n{"id":\n{"no":1}\n{"id":"b"}\n';
    const { exitCode, stdout } = await steme(
      ['ingest', '-', '--db', db, '--format', 'ndjson', '--key', 'id', '--source', 'events'],
      { input },
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`2 rejected (malformed 1, no-key 1): steme quarantine ls --db ${db} --tenant default\n`);
    expect(await entriesOf(db)).toEqual([
      ['a', '{"id":"a"}'],
      ['b', '{"id":"b"}'],
    ]);
    expect(await rejectedIn(db)).toMatchObject([
      {
        tenant: 'default',
        id: expect.stringMatching(/^events:2:[0-9a-f]{16}$/),
        source: 'events',
        position: 2,
        contentType: 'application/x-ndjson',
        payload: Buffer.from('{"id":'),
        reason: 'malformed',
        detail: expect.stringContaining('the line is not JSON: '),
      },
      { position: 3, payload: Buffer.from('{"no":1}'), reason: 'no-key', detail: 'the key field "id" is missing' },
    ]);
  });

  it('exits with code 6 after rejections when it is strict', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const argv = ['ingest', '-', '--db', db, '--format', 'ndjson', '--strict'];
    expect((await steme(argv, { input: 'x\n' })).exitCode).toBe(6);
    expect((await steme(argv, { input: '1\n' })).exitCode).toBe(0);
  });

  it('changes nothing when it is run again, neither entries nor rejections', async () => {
    const directory = await temporaryDirectory();
    const db = join(directory, 'db');
    const file = join(directory, 'rows.csv');
    await writeFile(file, 'id,at\na,2026-11-23T10:00:00Z\nb,nonsense\nc\nd,1700000000\n');
    const argv = ['ingest', file, '--db', db, '--key', 'id', '--timestamp', 'at'];
    await steme(argv);
    const entries = await entriesOf(db);
    const rejected = await rejectedIn(db);
    expect(entries.map(([key]) => key)).toEqual(['2023-11-14T22:13:20.000000Z/d', '2026-11-23T10:00:00.000000Z/a']);
    expect(rejected.map(({ position }) => position)).toEqual([3, 4]);
    const again = await steme(argv);
    expect(again.stdout).toContain('2 rejected (bad-timestamp 1, wrong-width 1), 2 of them in the quarantine before: ');
    expect(await entriesOf(db)).toEqual(entries);
    expect(await rejectedIn(db)).toEqual(rejected);
  });

  it('takes nothing away from the quarantine when the source was changed', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const argv = ['ingest', '-', '--db', db, '--format', 'ndjson', '--source', 's'];
    for (const input of ['one\n', 'changed\n', 'one\n']) await steme(argv, { input });
    expect((await rejectedIn(db)).map(({ payload }) => payload.toString())).toEqual(['one', 'changed']);
  });

  it('counts rejections by reason and says how to look at them, as JSON too', async () => {
    const directory = await temporaryDirectory();
    const db = join(directory, "it's a db");
    const argv = ['ingest', '-', '--db', db, '--format', 'ndjson', '--key', 'id', '--tenant', 'a b', '--source', 's'];
    const input = 'x\ny\n{"no":1}\n{"id":1}\n';
    const asJson = await steme([...argv, '--json'], { input });
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      storedRecords: 1,
      rejectedRecords: 3,
      rejectedByReason: { malformed: 2, 'no-key': 1 },
      rejectedBefore: 0,
      rejectedTenant: 'a b',
    });
    const command = `steme quarantine ls --db '${db.replace("'", "'\\''")}' --tenant 'a b'`;
    expect((await steme(argv, { input })).stdout).toMatch(new RegExp(`: ${command.replaceAll('\\', '\\\\')}\n$`));
  });

  it('rejects into the tenant that a record names, and without one into that of --tenant', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const argv = ['ingest', '-', '--db', db, '--format', 'ndjson', '--key', 'id', '--source', 's'];
    const owners = [
      { at: 'acme' },
      { at: 7 },
      { at: '' },
      { at: 'x'.repeat(2000) },
      { at: '\ud800' },
      { at: null },
      {},
    ];
    const lines = owners.map((owner) => JSON.stringify({ owner }));
    const input = [...lines, '{"owner":{"at":"acme"}', '{"id":1,"owner":{"at":"zoo"}}'].join('\n');
    const { stdout } = await steme([...argv, '--tenant', 'rest', '--tenant-field', 'owner.at'], { input });
    expect(stdout).toMatch(/8 rejected \(no-key 7, malformed 1\): steme quarantine ls --db \S+\n$/);
    const places = (await rejectedIn(db)).map(({ tenant, position }) => [tenant, position]);
    expect(places).toEqual([['7', 2], ['acme', 1], ...[3, 4, 5, 6, 7, 8].map((line) => ['rest', line])]);
  });

  it('rejects rows of CSV into the tenant of a column, with the header that they need to be read', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const argv = [
      'ingest',
      '-',
      '--db',
      db,
      '--format',
      'csv',
      '--key',
      'id',
      '--tenant-field',
      'who',
      '--source',
      's',
    ];
    await steme(argv, { input: 'id,who\r\n1,a\r\n,acme\r\n2\r\n' });
    const records = (await rejectedIn(db)).map(({ tenant, reason, contentType, payload }) => {
      return { tenant, reason, contentType, payload: payload.toString() };
    });
    const contentType = 'text/csv; header=present';
    expect(records).toEqual([
      { tenant: 'acme', reason: 'no-key', contentType, payload: 'id,who\n,acme' },
      { tenant: 'default', reason: 'wrong-width', contentType, payload: 'id,who\n2' },
    ]);
    const mistyped = await steme([...argv, '--tenant-field', 'whom'], { input: 'id,who\n' });
    expect(mistyped).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('has no column "whom"') });
  });

  it('stops when the quarantine is full, and says what to do', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const openDatabase: OpenDatabase = (at, options) => open(at, { ...options, quarantine: { entriesMax: 2 } });
    const argv = ['ingest', '-', '--db', db, '--format', 'ndjson', '--source', 's'];
    const { exitCode, stderr } = await steme(argv, { input: 'a\nb\nc\nd\n', openDatabase });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^steme: the quarantine of tenant "default" is full .*\nhint: make room with "steme quarantine/,
    );
    expect(await rejectedIn(db)).toHaveLength(2);
  });

  it('leaves a rejected.ndjson of an earlier version as it is', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const argv = ['ingest', '-', '--db', db, '--format', 'ndjson', '--source', 's'];
    await steme(argv, { input: '1\n' });
    await writeFile(join(db, 'rejected.ndjson'), 'old\n');
    await steme(argv, { input: 'x\n' });
    expect(await readFile(join(db, 'rejected.ndjson'), 'utf8')).toBe('old\n');
    expect((await steme(['verify', '--db', db])).stdout).not.toContain('rejected.ndjson');
  });

  it('rejects a line of 100 MB without holding it, and stores its neighbours', async () => {
    const directory = await temporaryDirectory();
    const db = join(directory, 'db');
    const chunk = Buffer.alloc(1_000_000, 'x');
    const stdin = Readable.from(
      (function* () {
        yield Buffer.from('before\n');
        for (let i = 0; i < 100; i++) yield chunk;
        yield Buffer.from('\nafter\n');
      })(),
    );
    const { exitCode } = await steme(['ingest', '-', '--db', db, '--source', 's'], { stdin });
    expect(exitCode).toBe(0);
    expect(await entriesOf(db)).toEqual([
      ['s:000000000001', 'before'],
      ['s:000000000003', 'after'],
    ]);
    const [entry] = await rejectedIn(db);
    expect(entry).toMatchObject({ position: 2, reason: 'too-large', contentType: 'text/plain; truncated=true' });
    expect(entry.detail).toBe(
      'the record has 100000000 bytes, more than a value may have; only the first 1048576 of 100000000 bytes are kept',
    );
    expect(entry.payload.equals(Buffer.alloc(1024 * 1024, 'x'))).toBe(true);
  });

  it('takes batches of any size, with and without a sync for each', async () => {
    const directory = await temporaryDirectory();
    const input = Array.from({ length: 1234 }, (_, index) => `line ${index}\n`).join('');
    for (const [name, extra] of [
      ['a', ['--batch', '1']],
      ['b', ['--batch', '500', '--no-sync']],
    ] as const) {
      const db = join(directory, name);
      const { stdout } = await steme(['ingest', '-', '--db', db, '--json', ...extra], { input });
      expect(JSON.parse(stdout)).toMatchObject({ storedRecords: 1234, lastLine: 1234 });
      expect(await entriesOf(db)).toHaveLength(1234);
    }
  });

  it('stops at a signal, keeps what it read, says how far it got, and can be run again', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const interruption = new AbortController();
    // Written and never ended: only the signal can end it.
    const stdin = new PassThrough();
    stdin.write('one\ntwo\nthr');
    const openDatabase: OpenDatabase = async (...opening) => {
      const database = await open(...opening);
      const batch = database.batch.bind(database);
      const interruptingBatch: typeof batch = (...writing) => {
        interruption.abort();
        return batch(...writing);
      };
      return Object.assign(database, { batch: interruptingBatch });
    };
    const argv = ['ingest', '-', '--db', db, '--source', 's', '--batch', '2'];
    const { exitCode, stdout } = await steme(argv, { stdin, openDatabase, signal: interruption.signal });
    expect(exitCode).toBe(130);
    expect(stdout).toContain('interrupted after line 2');
    expect((await entriesOf(db)).map(([, value]) => value)).toEqual(['one', 'two']);
    expect((await steme(argv, { input: 'one\ntwo\nthree\n' })).exitCode).toBe(0);
    expect((await entriesOf(db)).map(([, value]) => value)).toEqual(['one', 'two', 'three']);
  });

  it('does not wait for silent input when the signal came before it began to read', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const argv = ['ingest', '-', '--db', db, '--source', 's'];
    const { exitCode, stdout } = await steme(argv, { stdin: new PassThrough(), signal: AbortSignal.abort() });
    expect(exitCode).toBe(130);
    expect(stdout).toContain('ingested 0 records');
  });

  it('makes no database when there is no such file, or it may not be read', async () => {
    const directory = await temporaryDirectory();
    const db = join(directory, 'db');
    const { exitCode, stderr } = await steme(['ingest', join(directory, 'missing'), '--db', db]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^steme: .*missing.*\nhint: check the path\n$/);
    expect(await readdir(directory)).toEqual([]);
  });

  it('refuses a directory as its file', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'folder'));
    const { exitCode, stderr } = await steme(['ingest', join(directory, 'folder'), '--db', join(directory, 'db')]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^steme: .*\nhint: name a file, not a directory\n$/);
  });

  it('says what to do when it may not read the file or write to the directory', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const denied = new StemeError('STEME_IO', 'cannot open it', {
      cause: Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' }),
    });
    const refuse = () => Promise.reject(denied);
    const expected = {
      exitCode: 1,
      stdout: '',
      stderr: 'steme: cannot open it\nhint: check the permissions, also those of the directories above\n',
    };
    expect(await steme(['ingest', 'x', '--db', db], { fileSystem: { ...realFileSystem, open: refuse } })).toEqual(
      expected,
    );
    expect(await steme(['ingest', '-', '--db', db], { openDatabase: refuse })).toEqual(expected);
  });

  it('refuses keys and times from lines, and a field that the CSV header lacks', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const lines = await steme(['ingest', '-', '--db', db, '--key', 'id'], { input: 'x' });
    expect(lines.exitCode).toBe(2);
    expect(lines.stderr).toBe(
      'steme: --key needs records with fields; lines have none\nhint: add --format ndjson or --format csv\n',
    );
    const tenant = await steme(['ingest', '-', '--db', db, '--tenant-field', 'who'], { input: 'x' });
    expect(tenant).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('steme: --tenant-field needs records'),
    });
    const csv = await steme(['ingest', '-', '--db', db, '--format', 'csv', '--key', 'id'], { input: 'a,b\n1,2\n' });
    expect(csv.exitCode).toBe(2);
    expect(csv.stderr).toBe('steme: the CSV header has no column "id"\nhint: it has: a, b\n');
  });

  it('refuses a name or a tenant that the quarantine could not keep, before it makes a database', async () => {
    const db = join(await temporaryDirectory(), 'db');
    for (const [extra, message] of [
      [['--source', 'x'.repeat(4097)], '--source has at most 4096 bytes'],
      [['--tenant', 'x'.repeat(1025)], 'a tenant has at most 1024 bytes'],
    ] as const) {
      const { exitCode, stderr } = await steme(['ingest', '-', '--db', db, ...extra], { input: 'x' });
      expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(message) });
      expect(existsSync(db)).toBe(false);
    }
  });

  it('warns that keys of unnamed standard input will be used again', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const note =
      'note: keys are stdin:LINE; the next ingest from standard input replaces them. Name it with --source.\n';
    expect((await steme(['ingest', '-', '--db', db], { input: 'x' })).stderr).toBe(note);
    expect((await steme(['ingest', '-', '--db', db, '--source', 's'], { input: 'x' })).stderr).toBe('');
    const byKey = ['ingest', '-', '--db', db, '--format', 'ndjson', '--key', 'id'];
    expect((await steme(byKey, { input: '{"id":1}' })).stderr).toBe('');
  });
});
