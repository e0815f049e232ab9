import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { expect, it, onTestFinished } from 'vitest';
import { StemeLevel } from '../../src/level.js';

type Open = (location: string, options?: object) => StemeLevel;

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes down what a program sees. */
class Transcript {
  readonly lines: unknown[] = [];

  note(...seen: unknown[]): void {
    this.lines.push(seen);
  }

  async noteError(what: string, attempt: Promise<unknown>): Promise<void> {
    const error = await attempt.then(
      () => undefined,
      (reason: Error & { code?: string }) => reason,
    );
    const cause = error?.cause as { code?: string } | undefined;
    const isLevels = cause?.code?.startsWith('LEVEL_') ?? false;
    this.note(what, error?.code, isLevels ? cause?.code : undefined);
  }
}

async function readsAndWrites(t: Transcript, db: StemeLevel): Promise<void> {
  await db.put('', 'empty key');
  await db.put('\0', 'a zero');
  await db.batch([
    { type: 'put', key: 'b', value: '2' },
    { type: 'put', key: 'é', value: 'ü' },
    { type: 'del', key: 'missing' },
  ]);
  await db.batch().put('c', '3').put('d', '4').del('b').write();
  t.note(await db.get('c'), await db.get('b'), db.getSync('é'), await db.getMany(['', 'x', 'd']));
  t.note(await db.has('c'), await db.hasMany(['b', 'd']));
  t.note(await db.get('é', { valueEncoding: 'buffer' }), await db.get('é', { valueEncoding: 'view' }));
  t.note(await db.getMany(['\0', 'c'], { keyEncoding: 'utf8', valueEncoding: 'hex' }));
}

async function scans(t: Transcript, db: StemeLevel): Promise<void> {
  t.note(await db.iterator().all());
  t.note(await db.keys({ reverse: true, limit: 2 }).all(), await db.values({ gt: 'b', lte: 'd' }).all());
  t.note(await db.iterator({ keys: false }).all(), await db.iterator({ values: false, limit: 1 }).all());
  t.note(await db.keys({ keyEncoding: 'buffer', gte: Buffer.from('d') }).all());
  const iterator = db.iterator({ gte: 'c' });
  iterator.seek('d');
  t.note(await iterator.next(), await iterator.nextv(5), iterator.count);
  iterator.seek('a');
  t.note(await iterator.next());
  await iterator.close();
  await t.noteError('closed iterator', iterator.next());
  for await (const [key, value] of db.iterator({ lt: 'c' })) t.note(key, value);
}

async function sublevels(t: Transcript, db: StemeLevel): Promise<void> {
  const users = db.sublevel<string, { age: number }>('users', { valueEncoding: 'json' });
  const posts = db.sublevel('posts');
  await users.put('ann', { age: 30 });
  await users.batch([{ type: 'put', key: 'bob', value: { age: 40 } }]);
  await posts.put('1', 'hello');
  t.note(await users.iterator().all(), await posts.iterator().all(), await db.keys({ gte: '!', lt: '"' }).all());
  await users.clear();
  t.note(await users.keys().all(), await posts.keys().all());
}

async function moments(t: Transcript, db: StemeLevel): Promise<void> {
  const snapshot = db.snapshot();
  const iterator = db.keys();
  await db.put('later', '5');
  await db.del('c');
  t.note(await db.get('c', { snapshot }), await db.get('later', { snapshot }), await iterator.all());
  await db.clear({ snapshot, gt: 'c', limit: 1 });
  await snapshot.close();
  await t.noteError('closed snapshot', db.get('c', { snapshot }));
  t.note(await db.keys().all());
  await db.clear({ gte: 'e' });
  t.note(await db.keys().all());
}

async function hooksAndEvents(t: Transcript, db: StemeLevel): Promise<void> {
  db.on('write', (operations: { type: string; key: unknown }[]) => {
    t.note(
      'write',
      operations.map(({ type, key }) => [type, key]),
    );
  });
  db.on('clear', (options: object) => t.note('clear', options));
  const index = db.sublevel('index');
  db.hooks.prewrite.add((operation, batch) => {
    if (operation.type === 'put')
      batch.add({ type: 'put', key: `by ${operation.value}`, value: operation.key, sublevel: index });
  });
  await db.put('z', 'last');
  t.note(await index.get('by last'));
  await db.clear({ gte: 'z' });
}

async function errors(t: Transcript, open: Open, location: string, db: StemeLevel): Promise<void> {
  await t.noteError('locked', open(location).open());
  await t.noteError('null key', db.put(null as unknown as string, '1'));
  await t.noteError('undefined value', db.put('a', undefined as unknown as string));
  await t.noteError('not JSON', db.get('', { valueEncoding: 'json' }));
  await db.close();
  t.note(db.status, db.location === location);
  await t.noteError('closed', db.get('a'));
  await t.noteError('exists', db.open({ errorIfExists: true }));
  await t.noteError('missing', open(`${location}-missing`, { createIfMissing: false }).open());
}

/** A small program, in the way that one line in it tells which package it runs on. */
async function transcriptOf(open: Open): Promise<unknown[]> {
  const t = new Transcript();
  const location = join(await temporaryDirectory(), 'nested', 'db');
  const db = open(location, { cacheSize: 1024 * 1024, writeBufferSize: 64 * 1024, compression: true });
  t.note(db.status, db.supports);
  await readsAndWrites(t, db);
  await scans(t, db);
  await sublevels(t, db);
  await moments(t, db);
  await hooksAndEvents(t, db);
  await db.close();
  await db.open();
  t.note(await db.iterator().all());
  await db.compactRange('a', 'z');
  t.note(await db.keys().all());
  await errors(t, open, location, db);
  return t.lines;
}

it('the same program sees the same with classic-level and in its place', async () => {
  const theirs = await transcriptOf(
    (location, options) => new ClassicLevel(location, options) as unknown as StemeLevel,
  );
  const ours = await transcriptOf((location, options) => new StemeLevel(location, options));
  expect(ours).toEqual(theirs);
  expect(theirs.length).toBeGreaterThan(30);
});
