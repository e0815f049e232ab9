import { beforeEach, describe, expect, it } from 'vitest';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import type { Database } from '../../src/index.js';
import { openForTest } from '../../src/testing.js';
import { entriesOf } from '../support/test-database.js';
import type { CliResult, CliSetting } from './cli-harness.js';
import { steme as runSteme, Terminal } from './cli-harness.js';

const db = '/root/db';
const backups = '/root/backups';

let disk: MemoryFileSystem;
beforeEach(async () => {
  disk = new MemoryFileSystem();
  await disk.makeDirectory('/root');
});

function openAt(directory: string, fileSystem: FileSystem = disk): Promise<Database> {
  return openForTest(fileSystem, directory, { autoCompact: false, walSync: 'fdatasync' });
}

/** `steme` on the disk in memory. */
function steme(argv: readonly string[], setting: CliSetting = {}): Promise<CliResult> {
  const { fileSystem = disk } = setting;
  return runSteme(argv, {
    openDatabase: (directory, options) => openForTest(fileSystem, directory, { ...options, walSync: 'fdatasync' }),
    fileSystem,
    ...setting,
  });
}

async function withDatabase<T>(path: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openAt(path);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Puts and flushes: a table of its own. */
function add(key: string, value = key): Promise<void> {
  return withDatabase(db, async (database) => {
    await database.put(key, value.repeat(2000));
    await database.flush();
  });
}

function keysAt(path: string): Promise<string[]> {
  return withDatabase(path, async (database) => (await entriesOf(database)).map(([key]) => key));
}

const json = (text: string): unknown[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

/** A stored file's path, by a part of its name. */
async function storedFile(part: string): Promise<string> {
  const names = await disk.list(`${backups}/files`);
  return `${backups}/files/${names.find((name) => name.includes(part))}`;
}

async function readFile(path: string): Promise<Buffer> {
  const handle = await disk.open(path, 'read');
  const bytes = Buffer.alloc(await handle.sizeBytes());
  await handle.read(bytes, 0);
  await handle.close();
  return bytes;
}

async function writeFile(path: string, bytes: Uint8Array | string): Promise<void> {
  const handle = await disk.open(path, 'create');
  await handle.write(Buffer.from(bytes), 0);
  await handle.close();
}

describe('steme backup', () => {
  it('copies what no earlier backup has, and every backup can be restored', async () => {
    await add('a');
    const first = await steme(['backup', '--db', db, backups, '--json']);
    expect({ ...first, stdout: json(first.stdout) }).toEqual({
      exitCode: 0,
      stdout: [expect.objectContaining({ id: 1, directory: backups, files: 4, newFiles: 4 })],
      stderr: '',
    });
    await add('b');
    const second = await steme(['backup', '--db', db, backups]);
    expect(second.stdout).toMatch(/^backup 2 in .* \(5 files, .*; new: 4 files, .*\)\n$/);
    // Both refer to the table of `a`, which is there once.
    const tables = (await disk.list(`${backups}/files`)).filter((name) => name.includes('.sst-'));
    expect(tables.length).toBe(2);
    for (const [id, keys] of [
      ['1', ['a']],
      ['2', ['a', 'b']],
    ] as const) {
      const target = `/root/restored ${id}`;
      const { exitCode, stdout } = await steme(['restore', backups, '--db', target, '--id', id]);
      expect({ exitCode, stdout }).toEqual({
        exitCode: 0,
        stdout: expect.stringMatching(`^restored backup ${id} to `),
      });
      expect(await keysAt(target)).toEqual(keys);
    }
    const { exitCode } = await steme(['restore', backups, '--db', '/root/last']);
    expect(exitCode).toBe(0);
    expect(await keysAt('/root/last')).toEqual(['a', 'b']);
  });

  it('leaves nothing but catalogues and files, and the database as it was', async () => {
    await add('a');
    await steme(['backup', '--db', db, backups]);
    expect(await disk.list(backups)).toEqual(['000001.backup', 'files']);
    expect(await keysAt(db)).toEqual(['a']);
  });

  it('has the records that were only in the log', async () => {
    await withDatabase(db, (database) => database.put('logged', 'v'));
    await steme(['backup', '--db', db, backups]);
    await steme(['restore', backups, '--db', '/root/restored']);
    expect(await keysAt('/root/restored')).toEqual(['logged']);
  });

  it('can be taken of a checkpoint, while the database is open', async () => {
    await withDatabase(db, async (database) => {
      await database.put('a', '1');
      await database.checkpoint('/root/checkpoint');
      const { exitCode } = await steme(['backup', '--db', '/root/checkpoint', backups]);
      expect(exitCode).toBe(0);
      expect((await steme(['backup', '--db', db, backups])).exitCode).toBe(4);
    });
  });

  it('is not listed when it was cut short, and its leftovers go with the next one', async () => {
    await add('a');
    await disk.makeDirectory(`${backups}/files`);
    await disk.makeDirectory(`${backups}/staging.steme-staged`);
    await writeFile(`${backups}/staging.steme-staged/CURRENT`, 'x');
    await writeFile(`${backups}/files/incoming.tmp`, 'half');
    await writeFile(`${backups}/files/000099.sst-4-0123456789abcdef`, 'left');
    await writeFile(`${backups}/000001.backup.tmp`, 'half');
    expect((await steme(['backup', 'ls', backups, '--json'])).stdout).toBe('');
    expect((await steme(['backup', '--db', db, backups])).exitCode).toBe(0);
    expect(await disk.list(backups)).toEqual(['000001.backup', 'files']);
    expect((await disk.list(`${backups}/files`)).length).toBe(4);
  });

  it('stops at a signal with exit code 130, and nothing is listed', async () => {
    await add('a');
    const result = await steme(['backup', '--db', db, backups], { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ exitCode: 130, stdout: '' });
    expect((await steme(['backup', 'ls', backups, '--json'])).stdout).toBe('');
  });

  it.each([
    ['no database', ['backup', 'BACKUPS'], 2],
    ['no directory', ['backup', '--db', 'DB'], 2],
    ['a database that is not there', ['backup', '--db', 'NONE', 'BACKUPS'], 1],
    ['a directory of something else', ['backup', '--db', 'DB', 'DB'], 1],
  ])('refuses %s', async (_, argv, exitCode) => {
    await add('a');
    const places: Record<string, string> = { DB: db, BACKUPS: backups, NONE: '/root/none' };
    const result = await steme(argv.map((word) => places[word] ?? word));
    expect(result).toMatchObject({ exitCode, stdout: '' });
    expect(result.stderr).toMatch(/^steme: /);
    expect(await disk.list('/root')).toEqual(['db']);
  });

  it('draws a bar on a terminal', async () => {
    await add('a');
    const stderr = new Terminal();
    expect((await steme(['backup', '--db', db, backups], { stderr })).exitCode).toBe(0);
    expect(stderr.text).toContain('%');
  });
});

describe('a backup of a quarantine', () => {
  const LONG = 'Ω'.repeat(200);

  async function idsAt(path: string): Promise<string[]> {
    return withDatabase(path, async (database) => {
      const ids: string[] = [];
      for await (const { tenant, id } of database.quarantine.list()) ids.push(`${tenant.slice(0, 4)} ${id}`);
      return ids;
    });
  }

  it('has it, shares what never changes, and brings it back', async () => {
    await withDatabase(db, async ({ quarantine }) => {
      // Past the size of a segment, so that there is one that is not written any more.
      for (const id of ['1', '2', '3', '4']) {
        await quarantine.append('a/b', id.repeat(3_000_000), { reason: 'test', id });
      }
      await quarantine.append(LONG, 'x', { reason: 'test', id: '5' });
    });
    const first = json((await steme(['backup', '--db', db, backups, '--json'])).stdout)[0];
    expect(first).toMatchObject({ id: 1, files: 8 });
    await withDatabase(db, async ({ quarantine }) => {
      await quarantine.append('a/b', 'y', { reason: 'test', id: '6' });
      await quarantine.replay({ tenant: 'a/b', id: '1' }, () => ({ type: 'put', key: 'one', value: '' }));
    });
    const second = json((await steme(['backup', '--db', db, backups, '--json'])).stdout)[0];
    expect((second as { newBytes: number }).newBytes).toBeLessThan(4_000_000);
    const names = (await disk.list(`${backups}/files`)).filter((name) => name.includes('a%2fb.000001.segment'));
    expect(names).toHaveLength(1);
    await disk.makeDirectory('/r');
    for (const id of ['1', '2']) {
      expect((await steme(['restore', backups, '--db', `/r/${id}`, '--id', id])).exitCode).toBe(0);
    }
    // What is restored outlives the machine.
    disk = disk.crashClone(1);
    expect(await idsAt('/r/1')).toEqual(['a/b 1', 'a/b 2', 'a/b 3', 'a/b 4', 'ΩΩΩΩ 5']);
    expect(await idsAt('/r/2')).toEqual(['a/b 2', 'a/b 3', 'a/b 4', 'a/b 6', 'ΩΩΩΩ 5']);
    expect(await keysAt('/r/2')).toEqual(['one']);
    expect((await steme(['backup', 'rm', backups, '1'])).exitCode).toBe(0);
    expect((await steme(['restore', backups, '--db', '/r/3'])).exitCode).toBe(0);
    expect(await idsAt('/r/3')).toEqual(await idsAt('/r/2'));
  });

  it('takes away what a killed one left in its staging directory', async () => {
    await withDatabase(db, ({ quarantine }) => quarantine.append('a', 'x', { reason: 'test', id: '1' }));
    await steme(['backup', '--db', db, backups]);
    await disk.makeDirectory(`${backups}/staging/quarantine/a`);
    await writeFile(`${backups}/staging/quarantine/a/000001.segment`, Buffer.from('torn'));
    expect((await steme(['backup', '--db', db, backups])).exitCode).toBe(0);
    expect(await disk.exists(`${backups}/staging`)).toBe(false);
  });
});

describe('steme backup ls and rm', () => {
  it('list what is there, a row a backup, and take away what no other one has', async () => {
    await add('a');
    await steme(['backup', '--db', db, backups]);
    await withDatabase(db, (database) => database.del('a').then(() => database.compact()));
    await add('b');
    await steme(['backup', '--db', db, backups]);
    const { stdout } = await steme(['backup', 'ls', backups]);
    expect(stdout).toMatch(
      /^id +made at +sequence +files +bytes\n1 +20\d\d-.*Z +\d+ +4 .*\n2 +20\d\d-.*Z +\d+ +\d+ .*\n$/,
    );
    expect(json((await steme(['backup', 'ls', '--json', backups])).stdout)).toMatchObject([{ id: 1 }, { id: 2 }]);
    const before = (await disk.list(`${backups}/files`)).length;
    expect(await steme(['backup', 'rm', backups, '1'])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect((await disk.list(`${backups}/files`)).length).toBeLessThan(before);
    expect(json((await steme(['backup', 'ls', '--json', backups])).stdout)).toMatchObject([{ id: 2 }]);
    await steme(['restore', backups, '--db', '/root/restored']);
    expect(await keysAt('/root/restored')).toEqual(['b']);
    expect((await steme(['backup', 'rm', backups, '7'])).exitCode).toBe(2);
  });

  it('show a damaged catalogue beside the sound ones, with exit code 5', async () => {
    await add('a');
    await steme(['backup', '--db', db, backups]);
    await steme(['backup', '--db', db, backups]);
    const path = `${backups}/000001.backup`;
    await writeFile(path, (await readFile(path)).toString().replace('"files":[', '"files": ['));
    const { exitCode, stdout } = await steme(['backup', 'ls', backups, '--json']);
    expect(exitCode).toBe(5);
    expect(json(stdout)).toMatchObject([
      { id: 1, damage: expect.stringContaining('000001.backup') },
      { id: 2, files: 4 },
    ]);
    expect((await steme(['backup', 'ls', backups])).stdout).toContain('is damaged');
    expect((await steme(['restore', backups, '--db', '/root/x', '--id', '1'])).exitCode).toBe(5);
  });

  it('know a catalogue that goes by the number of another one', async () => {
    await add('a');
    await steme(['backup', '--db', db, backups]);
    await disk.rename(`${backups}/000001.backup`, `${backups}/000004.backup`);
    expect((await steme(['backup', 'ls', backups])).exitCode).toBe(5);
  });
});

describe('steme restore', () => {
  it('refuses a directory that holds anything, and leaves it alone', async () => {
    await add('a');
    await steme(['backup', '--db', db, backups]);
    const before = await disk.list(db);
    const { exitCode, stderr } = await steme(['restore', backups, '--db', db]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(
        /^steme: .* is not empty: .*\nhint: name a directory that is empty or not there\n$/,
      ),
    });
    expect(await disk.list(db)).toEqual(before);
  });

  it.each(['.sst-', '.log-', 'MANIFEST-', 'CURRENT-'])(
    'finds a bit that turned in %s, before it has written anything',
    async (ending) => {
      await add('a');
      await steme(['backup', '--db', db, backups]);
      const file = await storedFile(ending);
      const bytes = await readFile(file);
      bytes[bytes.length >> 1] ^= 4;
      await writeFile(file, bytes);
      const { exitCode, stderr } = await steme(['restore', backups, '--db', '/root/restored']);
      expect({ exitCode, stderr }).toEqual({ exitCode: 5, stderr: expect.stringContaining(file) });
      expect(await disk.list('/root')).toEqual(['backups', 'db']);
    },
  );

  it('takes no file whose checksum changes between the look and the copy', async () => {
    await add('a');
    await steme(['backup', '--db', db, backups]);
    const file = await storedFile('.sst-');
    const bytes = await readFile(file);
    bytes.fill(7);
    let opens = 0;
    const fileSystem = interceptFileSystem(disk, ({ kind, path }) => {
      if (kind === 'open' && path === file && ++opens === 2) disk.openSync(file, 'update').writeSync(bytes, 0);
    });
    const { exitCode } = await steme(['restore', backups, '--db', '/root/restored'], { fileSystem });
    expect(opens).toBe(2);
    expect(exitCode).toBe(5);
    expect(await disk.list('/root')).toEqual(['backups', 'db']);
  });

  it('refuses a backup that is not there, and a directory without any', async () => {
    await add('a');
    expect((await steme(['restore', db, '--db', '/root/x'])).exitCode).toBe(2);
    await steme(['backup', '--db', db, backups]);
    expect(await steme(['restore', backups, '--db', '/root/x', '--id', '9'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('there are: 1'),
    });
  });

  it('stops at a signal with exit code 130 and leaves nothing', async () => {
    await add('a');
    await steme(['backup', '--db', db, backups]);
    const argv = ['restore', backups, '--db', '/root/restored'];
    expect(await steme(argv, { signal: AbortSignal.abort() })).toMatchObject({ exitCode: 130 });
    expect(await disk.list('/root')).toEqual(['backups', 'db']);
  });
});

describe('a backup on a bad disk', () => {
  it.each(['write', 'datasync', 'open', 'rename', 'remove', 'syncDirectory', 'list', 'mkdir', 'close'] as const)(
    'is whole or not listed after a failed %s, earlier ones are as good as before, and the next one succeeds',
    async (kind) => {
      let faultCount = 0;
      for (let nth = 1; nth < 100; nth++) {
        disk = new MemoryFileSystem();
        await add('a');
        await steme(['backup', '--db', db, backups]);
        await add('b');
        const faulty = new FaultyFileSystem(disk, [{ kind, path: /backups/, nth }]);
        const { exitCode } = await steme(['backup', '--db', db, backups], { fileSystem: faulty });
        if (faulty.injected.length === 0) break;
        faultCount++;
        const context = `${kind} ${nth} of ${faulty.injected[0].path}`;
        const crashed = disk.crashClone(nth);
        for (const left of exitCode === 0 ? [disk, crashed] : [crashed, disk]) {
          disk = left;
          const ids = await listedIds();
          expect(ids[0], context).toBe(1);
          if (exitCode === 0) expect(ids, context).toEqual([1, 2]);
          for (const id of ids) {
            expect((await steme(['restore', backups, '--db', `/r${id}`, '--id', `${id}`])).exitCode, context).toBe(0);
            expect(await keysAt(`/r${id}`), context).toEqual(id === 1 ? ['a'] : ['a', 'b']);
          }
          expect((await steme(['backup', '--db', db, backups])).exitCode, context).toBe(0);
          expect((await listedIds()).length, context).toBe(ids.length + 1);
        }
      }
      expect(faultCount).toBeGreaterThan(0);
      expect(faultCount).toBeLessThan(99);
    },
  );
});

async function listedIds(): Promise<number[]> {
  const { stdout } = await steme(['backup', 'ls', '--json', backups]);
  return stdout === '' ? [] : json(stdout).map((row) => (row as { id: number }).id);
}
