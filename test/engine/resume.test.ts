import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/engine/api.js';
import type { FaultRule } from '../../src/fs/faulty-file-system.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { outcomeOf, settles } from '../support/settles.js';
import { code, contentsOf, entriesOf, filesOf, flipBit, openOn, withDatabase } from '../support/test-database.js';

const LOG = /\.(log|recycled)$/;
const MANIFEST = /MANIFEST|CURRENT/;
const FOREVER = 1_000_000;

/** A disk whose log or manifest finds no room from its `nth` operation of a kind on, until `end` is called. */
async function fullFrom(rule: Omit<FaultRule, 'times' | 'error'>, options = {}) {
  const disk = new MemoryFileSystem();
  let isFull = true;
  const { path } = rule;
  const matches = (name: string): boolean => isFull && path instanceof RegExp && path.test(name);
  const faulty = new FaultyFileSystem(disk, [{ ...rule, path: matches, error: 'ENOSPC', times: FOREVER }]);
  const db = await openOn(faulty, { memtableBytes: 8192, flushOnClose: false, ...options });
  const end = (): void => {
    isFull = false;
  };
  return { disk, faulty, db, end };
}

async function expectRefused(db: Database): Promise<void> {
  await expect(db.put('refused', '1')).rejects.toEqual(code('STEME_BACKGROUND'));
  expect(db.stats().backgroundError).toContain('resume()');
}

/** The state now, after a kill and after a power loss, each recovered. */
async function expectEverywhere(db: Database, disk: MemoryFileSystem, entries: [string, string][]): Promise<void> {
  expect(await entriesOf(db)).toEqual(entries);
  for (const [key, value] of entries) expect(db.getSync(key)?.toString()).toBe(value);
  expect(await contentsOf(disk.clone()), 'after a kill').toEqual(entries);
  for (let seed = 1; seed <= 4; seed++) expect(await contentsOf(disk.crashClone(seed))).toEqual(entries);
}

// laws 1, 2
describe('resume', () => {
  it.each<[name: string, rule: Omit<FaultRule, 'times' | 'error'>, walSync: 'fdatasync' | 'direct']>([
    // Zeros, header, the first put.
    ['a write of the log', { kind: 'write', path: LOG, nth: 4 }, 'fdatasync'],
    ['a short write of the log', { kind: 'write', path: LOG, nth: 4, effect: 'short-write' }, 'fdatasync'],
    ['a direct write of the log', { kind: 'write', path: LOG, nth: 4 }, 'direct'],
    ['a short direct write of the log', { kind: 'write', path: LOG, nth: 4, effect: 'short-write' }, 'direct'],
  ])('goes on after %s that found no room, as if what was refused had never been written', async (_, rule, walSync) => {
    const { disk, db, end } = await fullFrom(rule, { walSync });
    await db.put('a', '1');
    const view = db.iterator();
    using snapshot = db.snapshot();
    const refused = [db.put('a', '2'), db.put('b', '2'), db.deleteRange('a', 'z')];
    for (const write of refused) await expect(write).rejects.toEqual(code('STEME_BACKGROUND'));
    await expectRefused(db);
    await expect(db.resume()).rejects.toEqual(code('STEME_BACKGROUND'));
    await expectRefused(db);
    end();
    await settles('resume', db.resume());
    expect(db.stats().backgroundError).toBeUndefined();
    await expectEverywhere(db, disk, [['a', '1']]);

    await db.put('b', '3');
    await expectEverywhere(db, disk, [
      ['a', '1'],
      ['b', '3'],
    ]);
    expect((await view.nextv(10)).map(([key]) => key.toString())).toEqual(['a']);
    expect(db.getSync('b', { snapshot })).toBeUndefined();
    await view.close();
    await db.flush();
    await db.compact();
    await db.close();
    expect(await contentsOf(disk)).toEqual([
      ['a', '1'],
      ['b', '3'],
    ]);
  });

  it.each<[name: string, rule: Omit<FaultRule, 'times' | 'error'>]>([
    ['a file could not be made', { kind: 'open', path: LOG, nth: 3 }],
    ['a spare could not be renamed', { kind: 'rename', path: /\.recycled$/, nth: 1 }],
    ['zeros could not be written', { kind: 'write', path: LOG, nth: 10 }],
  ])(
    'goes on after a segment that could not begin since %s, and keeps the records that wait for their flush',
    async (_, rule) => {
      const { disk, db, faulty, end } = await fullFrom(rule);
      const value = 'v'.repeat(1000);
      const acked: [string, string][] = [];
      for (let i = 0; i < 40; i++) {
        const key = `key ${String(i).padStart(2, '0')}`;
        if ('error' in (await outcomeOf('a put', db.put(key, value)))) break;
        acked.push([key, value]);
      }
      expect(faulty.injected.length).toBeGreaterThan(0);
      expect(db.stats().backgroundError).toBeDefined();
      end();
      await settles('resume', db.resume());
      await expectEverywhere(db, disk, acked);
      await db.put('more', '1');
      await db.flush();
      await expectEverywhere(db, disk, [...acked, ['more', '1']]);
      await db.close();
    },
  );

  it.each<[name: string, rule: Omit<FaultRule, 'times' | 'error'>]>([
    // Those of the open come first: header, snapshot, CURRENT.
    ['an edit', { kind: 'write', path: MANIFEST, nth: 4 }],
    ['half an edit', { kind: 'write', path: MANIFEST, nth: 4, effect: 'short-write' }],
    ['an edit of a compaction', { kind: 'write', path: MANIFEST, nth: 5 }],
  ])('goes on after %s that found no room, and removes what it would have added', async (_, rule) => {
    const { disk, db, end } = await fullFrom(rule);
    await db.put('a', '1');
    await db.put('b', '1', { sync: false });
    const entries: [string, string][] = [
      ['a', '1'],
      ['b', '1'],
    ];
    await expect(db.compact()).rejects.toEqual(code('STEME_BACKGROUND'));
    await expectRefused(db);
    await expect(db.resume()).rejects.toEqual(code('STEME_BACKGROUND'));
    end();
    await settles('resume', db.resume());
    expect(db.stats().backgroundError).toBeUndefined();
    await expectEverywhere(db, disk, entries);
    await db.compact();
    await expectEverywhere(db, disk, entries);
    await db.put('c', '1');
    await db.close();
    expect(await filesOf(disk, '.sst')).toHaveLength(1);
    expect((await disk.list('/db')).filter((name) => name.startsWith('MANIFEST'))).toHaveLength(1);
    expect(await contentsOf(disk)).toEqual([...entries, ['c', '1']]);
  });

  it('goes on after a manifest switch that found no room', async () => {
    const disk = new MemoryFileSystem();
    await withDatabase(disk, { flushOnClose: false }, (db) => db.put('a', '1'));
    let isFull = true;
    const path = (name: string): boolean => isFull && name.includes('CURRENT');
    const faulty = new FaultyFileSystem(disk, [{ kind: 'rename', path, nth: 1, times: FOREVER, error: 'EDQUOT' }]);
    const db = await openOn(faulty);
    await expect(db.flush()).rejects.toEqual(code('STEME_BACKGROUND'));
    isFull = false;
    await settles('resume', db.resume());
    await db.flush();
    await expectEverywhere(db, disk, [['a', '1']]);
    await db.close();
    expect(await filesOf(disk, '.sst')).toHaveLength(1);
  });

  it('keeps a large record whole or out, wherever it was cut', async () => {
    for (let nth = 3; nth < 10; nth++) {
      const { disk, db, end } = await fullFrom({ kind: 'write', path: LOG, nth }, { memtableBytes: 4 * 1024 * 1024 });
      const entries: [string, string][] = [];
      const small = await outcomeOf('the small put', db.put('a', '1', { sync: false }));
      if (!('error' in small)) entries.push(['a', '1']);
      const large = await outcomeOf('the large put', db.put('large', 'v'.repeat(2_000_000)));
      if (!('error' in large)) entries.push(['large', 'v'.repeat(2_000_000)]);
      end();
      await settles('resume', db.resume());
      await db.put('z', '1');
      await expectEverywhere(db, disk, [...entries, ['z', '1']]);
      await db.close();
    }
  });

  it('takes back a bulk load whose mark found no room', async () => {
    // Zeros, header and the put; zeros and header of the segment that the flush begins; then the mark.
    const { disk, db, end } = await fullFrom({ kind: 'write', path: LOG, nth: 6 });
    await db.put('a', '1');
    const load = outcomeOf(
      'the load',
      db.bulkLoad([
        ['a', 'loaded'],
        ['b', 'loaded'],
      ]),
    );
    expect(await load).toEqual({ error: code('STEME_BACKGROUND') });
    const tableCount = (): number => db.stats().levels.reduce((sum, { fileCount }) => sum + fileCount, 0);
    expect(tableCount(), 'its table is installed').toBe(2);
    end();
    await settles('resume', db.resume());
    expect(tableCount()).toBe(1);
    await expectEverywhere(db, disk, [['a', '1']]);
    await db.put('c', '1');
    const entries: [string, string][] = [
      ['a', '1'],
      ['c', '1'],
    ];
    await expectEverywhere(db, disk, entries);
    await db.flush();
    await expectEverywhere(db, disk, entries);
    await db.close();
    await withDatabase(disk, {}, async (reopened) => {
      expect(await entriesOf(reopened)).toEqual(entries);
      const fileCount = reopened.stats().levels.reduce((sum, level) => sum + level.fileCount, 0);
      expect(await filesOf(disk, '.sst')).toHaveLength(fileCount);
    });
  });

  it('leaves nothing of a refused write behind: a header that is damaged later is still noticed', async () => {
    const { disk, db, end } = await fullFrom(
      { kind: 'write', path: LOG, nth: 4, effect: 'short-write' },
      { memtableBytes: 1024 * 1024 },
    );
    const acked = db.put('a', 'v'.repeat(100_000));
    // Each in a frame of its own, all in the group behind that of the first put; half of it reaches the log.
    const refused = Array.from({ length: 4 }, (_, i) =>
      outcomeOf('a put', db.put(`refused ${i}`, 'v'.repeat(100_000))),
    );
    await acked;
    for (const outcome of await Promise.all(refused)) expect(outcome).toEqual({ error: code('STEME_BACKGROUND') });
    const unresumed = (await contentsOf(disk.clone())).map(([key]) => key);
    expect(unresumed).toEqual(['a', 'refused 0', 'refused 1']);
    end();
    await settles('resume', db.resume());
    await db.put('b', '1');
    await db.put('c', '1');
    const crashed = disk.clone();
    await db.close();
    const newest = (await filesOf(crashed, '.log')).at(-1);
    await flipBit(crashed, newest ?? '', 8);
    await expect(openOn(crashed)).rejects.toEqual(code('STEME_CORRUPTION'));
  });

  it('is refused after a sync that failed, even for want of room (law 7)', async () => {
    for (const path of [LOG, MANIFEST]) {
      const disk = new MemoryFileSystem();
      const nth = path === LOG ? 4 : 3;
      const faulty = new FaultyFileSystem(disk, [{ kind: 'datasync', path, nth, error: 'ENOSPC' }]);
      const db = await openOn(faulty);
      await outcomeOf('a put', db.put('a', '1'));
      await outcomeOf('a put', db.put('b', '1'));
      await outcomeOf('a flush', db.flush());
      expect(faulty.injected).toHaveLength(1);
      const failure = db.stats().backgroundError;
      expect(failure).not.toContain('resume()');
      await expect(db.resume()).rejects.toMatchObject({ code: 'STEME_BACKGROUND', message: /reopen/ });
      await expect(db.resume()).rejects.toEqual(code('STEME_BACKGROUND'));
      await expect(db.put('c', '1')).rejects.toEqual(code('STEME_BACKGROUND'));
      await db.close();
    }
  });

  it('does nothing where nothing has failed, and is refused by a closed database', async () => {
    const disk = new MemoryFileSystem();
    const db = await openOn(disk);
    await db.put('a', '1');
    await db.resume();
    await db.put('a', '2');
    expect(db.getSync('a')?.toString()).toBe('2');
    await db.close();
    await expect(db.resume()).rejects.toEqual(code('STEME_CLOSED'));
  });

  it('is one attempt for all who call meanwhile, and a close waits for it', async () => {
    const { disk, db, end } = await fullFrom({ kind: 'write', path: LOG, nth: 4 });
    await db.put('a', '1');
    await expectRefused(db);
    end();
    const attempts = [db.resume(), db.resume()];
    await settles('the close', db.close());
    await Promise.all(attempts);
    expect(await contentsOf(disk)).toEqual([['a', '1']]);
  });
});
