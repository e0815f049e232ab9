import { Readable } from 'node:stream';
import * as v from 'valibot';
import { beforeEach, describe, expect, it } from 'vitest';
import { Deferred } from '../../../src/base/deferred.js';
import type { Database } from '../../../src/engine/api.js';
import type { IngestPipeline } from '../../../src/engine/ingest/ingest-api.js';
import { crashAtEveryStep } from '../../../src/fs/crash-at-every-step.js';
import type { FileSystem } from '../../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../../src/fs/memory-file-system.js';
import { collected } from '../../support/collected.js';
import { code, entriesOf, openOn, withDatabase } from '../../support/test-database.js';

let disk: MemoryFileSystem;
beforeEach(() => {
  disk = new MemoryFileSystem();
});

interface Person {
  readonly id: number;
  readonly age: number;
}

const lines = (count: number): string[] =>
  Array.from({ length: count }, (_, i) =>
    i % 5 === 3 ? `{"id":${i},` : i % 7 === 6 ? `{"id":${i},"age":"old"}` : `{"id":${i},"age":${i}}`,
  );

const people: IngestPipeline<string, Person> = {
  parse: (line) => JSON.parse(line),
  validate: v.object({ id: v.number(), age: v.number() }),
  key: ({ id }) => `person ${String(id).padStart(5, '0')}`,
  tenant: 'people',
};

async function rejectedOf(db: Database): Promise<string[]> {
  return (await collected(db.quarantine.list())).map(({ reason, payload }) => `${reason}: ${payload}`);
}

const isGood = (_line: string, i: number): boolean => i % 5 !== 3 && i % 7 !== 6;

describe('db.ingest', () => {
  it('stores what is good, and keeps the rest with its reason', async () => {
    const source = lines(40);
    await withDatabase(disk, {}, async (db) => {
      const outcome = await db.ingest(source, people);
      const good = source.filter(isGood);
      expect(outcome).toMatchObject({ accepted: good.length, rejected: 40 - good.length, skipped: 0, position: 40 });
      expect((await entriesOf(db)).map(([, value]) => value)).toEqual(good);
      const rejected = await collected(db.quarantine.list());
      expect(rejected.map(({ payload }) => payload.toString())).toEqual(source.filter((line, i) => !isGood(line, i)));
      expect(rejected[0]).toMatchObject({ tenant: 'people', reason: 'malformed', position: 3 });
      expect(rejected.find(({ reason }) => reason === 'invalid')).toMatchObject({
        detail: expect.stringMatching(/^age: /),
      });
    });
  });

  it.each([
    ['an array', (items: string[]) => items],
    ['a Node stream', (items: string[]) => Readable.from(items)],
    ['a Web stream', (items: string[]) => ReadableStream.from(items)],
  ])('takes %s', async (_name, sourceOf) => {
    await withDatabase(disk, {}, async (db) => {
      const source = sourceOf(lines(20)) as AsyncIterable<string>;
      expect(await db.ingest(source, people)).toMatchObject({ position: 20 });
    });
  });

  it('takes objects, and keeps those that it rejects as JSON', async () => {
    await withDatabase(disk, {}, async (db) => {
      const pipeline = { key: (item: { k?: string }) => item.k ?? '' };
      await db.ingest([{ k: 'a', n: 1 }, { n: 2 }], pipeline);
      expect(await entriesOf(db)).toEqual([['a', '{"k":"a","n":1}']]);
      expect(await rejectedOf(db)).toEqual(['no-key: {"n":2}']);
      const fix = ({ payload }: { payload: Buffer }) => JSON.stringify({ k: 'b', ...JSON.parse(payload.toString()) });
      expect(await db.quarantine.replay({}, 'pipeline', { fix })).toMatchObject({ replayed: 1 });
      expect((await entriesOf(db))[1]).toEqual(['b', '{"k":"b","n":2}']);
    });
  });

  it('goes on behind what an earlier ingest of that name has dealt with', async () => {
    const source = lines(100);
    await withDatabase(disk, {}, async (db) => {
      expect(await db.ingest(source.slice(0, 60), people, { name: 'file' })).toMatchObject({ position: 60 });
    });
    await withDatabase(disk, {}, async (db) => {
      expect(await db.ingest(source, people, { name: 'file' })).toMatchObject({ skipped: 60, position: 100 });
      expect(await db.ingest(source, people, { name: 'file' })).toMatchObject({
        skipped: 100,
        accepted: 0,
        rejected: 0,
      });
      expect(await entriesOf(db)).toHaveLength(source.filter(isGood).length);
      expect(await rejectedOf(db)).toHaveLength(100 - source.filter(isGood).length);
    });
  });

  it('replays what it rejected the same way', async () => {
    await withDatabase(disk, {}, async (db) => {
      await db.ingest(lines(40), people);
      const fix = ({ payload }: { payload: Buffer }) => {
        const id = /\d+/.exec(payload.toString())?.[0];
        return `{"id":${id},"age":${id}}`;
      };
      const before = await rejectedOf(db);
      expect(await db.quarantine.replay({ tenant: 'people' }, 'pipeline')).toMatchObject({ failed: before.length });
      expect(await db.quarantine.replay({ tenant: 'people' }, people as IngestPipeline, { fix })).toMatchObject({
        replayed: before.length,
      });
      expect(await rejectedOf(db)).toEqual([]);
      expect(await entriesOf(db)).toHaveLength(40);
    });
  });

  it('replays strings as strings, objects as objects and bytes as bytes', async () => {
    await withDatabase(disk, {}, async (db) => {
      const seen: unknown[] = [];
      const pipeline: IngestPipeline = {
        parse: (item) => {
          seen.push(item);
          throw new Error('never');
        },
        key: () => 'key',
      };
      const items = ['größe', { a: 1 }, Buffer.from([0, 255])];
      await db.ingest(items, pipeline);
      await db.quarantine.replay({}, 'pipeline');
      expect(seen).toEqual([...items, ...items]);
      await db.ingest(['größe'], { ...pipeline, contentType: 'text/x-log' });
      await db.quarantine.replay({}, 'pipeline');
      expect(seen.at(-1)).toEqual(Buffer.from('größe'));
    });
  });

  it('ends with what the source throws, and has kept what came before', async () => {
    async function* broken() {
      yield* lines(10);
      throw new Error('the cable is cut');
    }
    await withDatabase(disk, {}, async (db) => {
      await expect(db.ingest(broken(), people, { name: 'cable', batchRecords: 4 })).rejects.toThrow('the cable is cut');
      const stored = await entriesOf(db);
      expect(stored).toHaveLength(lines(10).filter(isGood).length);
      expect(await rejectedOf(db)).toHaveLength(10 - stored.length);
      expect(await db.ingest(lines(10), people, { name: 'cable' })).toMatchObject({ position: 10 });
      expect(await entriesOf(db)).toHaveLength(lines(10).filter(isGood).length);
    });
  });

  it('has every item once where what it rejected is replayed before it has moved on', async () => {
    const db = await openOn(disk);
    const gate = new Deferred<void>();
    const items = ['{"id":0,', '{"id":1,"age":1}'];
    async function* waiting(): AsyncGenerator<string> {
      yield items[0];
      await gate.promise;
    }
    const ingest = db.ingest(waiting(), people, { name: 'people' });
    while ((await rejectedOf(db)).length === 0) await new Promise((resolve) => setImmediate(resolve));
    const written: string[] = [];
    const write = (run: string) => (record: { readonly number: number }) => {
      written.push(`${run}: ${record.number}`);
      return { type: 'put', key: `${run} ${record.number}`, value: 'x' } as const;
    };
    expect(await db.quarantine.replay({}, write('first'))).toMatchObject({ replayed: 1 });
    const survivor = disk.clone();
    gate.resolve();
    await ingest;
    await db.close();
    await withDatabase(survivor, {}, async (again) => {
      expect(await again.quarantine.replay({}, write('second'))).toMatchObject({ found: 0 });
      await again.ingest(items, people, { name: 'people' });
      expect(await again.quarantine.replay({}, write('third'))).toMatchObject({ found: 0 });
      // Now it is past them.
      expect(await again.quarantine.stats('people')).toMatchObject({ entries: 0, segments: 0 });
    });
    expect(written).toEqual(['first: 1']);
  });

  it('does not move on where the quarantine is full', async () => {
    await withDatabase(disk, { quarantine: { entriesMax: 1 } }, async (db) => {
      await expect(db.ingest(lines(40), people, { name: 'file' })).rejects.toEqual(code('STEME_QUARANTINE_FULL'));
    });
    await withDatabase(disk, {}, async (db) => {
      expect(await db.ingest(lines(40), people, { name: 'file' })).toMatchObject({ position: 40, skipped: 0 });
      expect(await rejectedOf(db)).toHaveLength(lines(40).filter((line, i) => !isGood(line, i)).length);
    });
  });

  it('refuses a wrong call with every problem', async () => {
    await withDatabase(disk, {}, async (db) => {
      await expect(db.ingest(7 as never, { key: 1 } as never, { batchRecords: 0 })).rejects.toMatchObject({
        code: 'STEME_INVALID_OPTION',
        problems: [
          expect.stringMatching(/^the source/),
          expect.stringMatching(/^key/),
          expect.stringMatching(/^batchRecords/),
        ],
      });
    });
  });

  it('at any crash has every item once when it is run again', async () => {
    const source = lines(60);
    const options = { memtableBytes: 4096 };
    const report = await crashAtEveryStep(disk, {
      workload: async (fileSystem: FileSystem) => {
        const db = await openOn(fileSystem, options);
        await db.ingest(source, people, { name: 'file', batchRecords: 7 });
        await db.close();
      },
      observe: () => undefined,
      check: async (survivor) => {
        await withDatabase(survivor, options, async (db) => {
          expect(await db.ingest(source, people, { name: 'file', batchRecords: 7 })).toMatchObject({ position: 60 });
          expect((await entriesOf(db)).map(([, value]) => value)).toEqual(source.filter(isGood));
          const bad = source.filter((line, i) => !isGood(line, i));
          expect((await collected(db.quarantine.list())).map(({ payload }) => payload.toString())).toEqual(bad);
        });
      },
    });
    expect(report.crashCount).toBeGreaterThan(20);
  });
});
