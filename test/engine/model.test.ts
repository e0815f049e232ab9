import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BatchOperation, Database, IteratorOptions } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openForTest } from '../../src/testing.js';
import { entriesOf, openOn } from '../support/test-database.js';

/** Odd ones on purpose: each brings out a path that the defaults rarely take. */
const OPTION_SETS: Record<string, Options> = {
  'tiny blocks': { blockBytes: 64 },
  'tiny memtables': { memtableBytes: 4096 },
  'tiny everything': { memtableBytes: 4096, blockBytes: 64, blockCacheBytes: 300, bloomBitsPerKey: 1 },
  'no filter': { bloomBitsPerKey: 0, memtableBytes: 8192 },
  'no compression': { compression: 'none', memtableBytes: 8192 },
  'no block cache': { blockCacheBytes: 0, blockBytes: 128, memtableBytes: 8192 },
  'a row cache of a few rows': { rowCacheBytes: 1024, memtableBytes: 4096 },
  pread: { readMode: 'pread', memtableBytes: 8192 },
  'pread without a cache': { readMode: 'pread', blockCacheBytes: 0, compression: 'none' },
  'direct log writes': { walSync: 'direct', memtableBytes: 8192 },
  'the defaults': {},
};

type PointOperation = Exclude<BatchOperation, { type: 'delRange' }>;
type Model = Map<string, string>;
type Command =
  | {
      readonly kind: 'write';
      readonly operations: readonly PointOperation[];
      readonly sync: boolean;
      readonly awaits: boolean;
    }
  | { readonly kind: 'load'; readonly entries: readonly (readonly [string, string])[] }
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'get'; readonly keys: readonly string[] }
  | { readonly kind: 'scan'; readonly options: IteratorOptions; readonly seek: string | undefined }
  | { readonly kind: 'flush' | 'compact' | 'sync' }
  | { readonly kind: 'reopen' };

// Few keys, so that they meet often; prefixes of each other, so that their order is not trivial.
const key = fc.constantFrom(
  'a',
  'aa',
  'aaa',
  'ab',
  'b',
  'b\u0000',
  'ba',
  'c',
  'key/1',
  'key/10',
  'key/2',
  'ü',
  'z'.repeat(70),
);
const value = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('', 'v'.repeat(300), 'w'.repeat(5000)));
const operation: fc.Arbitrary<PointOperation> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('put' as const), key, value }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('del' as const), key }) },
);
const bound = fc.option(key, { nil: undefined, freq: 2 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      operations: fc.array(operation, { minLength: 1, maxLength: 6 }),
      sync: fc.boolean(),
      awaits: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('load' as const),
      entries: fc
        .uniqueArray(fc.tuple(key, value), { maxLength: 6, selector: ([k]) => k })
        .map((entries) => entries.sort(([a], [b]) => order(a, b))),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('checkpoint' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('get' as const), keys: fc.array(key, { maxLength: 5 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('scan' as const),
      options: fc.record({
        gt: bound,
        gte: bound,
        lt: bound,
        lte: bound,
        reverse: fc.boolean(),
        limit: fc.constantFrom(-1, 0, 1, 3),
      }),
      seek: bound,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'compact', 'reopen', 'sync') }) },
);

function order(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** What a scan must give. `seek` moves it once, before the first entry. */
function expectedScan(model: Model, options: IteratorOptions, seek: string | undefined): [string, string][] {
  const {
    gt,
    gte,
    lt,
    lte,
    reverse = false,
    limit = -1,
  } = options as Record<'gt' | 'gte' | 'lt' | 'lte', string> & IteratorOptions;
  const isAbove = (k: string) => (gte !== undefined ? order(k, gte) >= 0 : gt === undefined || order(k, gt) > 0);
  const isBelow = (k: string) => (lte !== undefined ? order(k, lte) <= 0 : lt === undefined || order(k, lt) < 0);
  const isReached = (k: string) => seek === undefined || (reverse ? order(k, seek) <= 0 : order(k, seek) >= 0);
  const inside = [...model].filter(([k]) => isAbove(k) && isBelow(k) && isReached(k)).sort(([a], [b]) => order(a, b));
  if (reverse) inside.reverse();
  return limit === -1 ? inside : inside.slice(0, limit);
}

async function runScan(db: Database, options: IteratorOptions, seek: string | undefined): Promise<[string, string][]> {
  await using iterator = db.iterator(options);
  if (seek !== undefined) iterator.seek(seek);
  return (await iterator.nextv(1000)).map(([k, v]) => [k.toString(), v.toString()]);
}

async function write(db: Database, { operations, sync }: Extract<Command, { kind: 'write' }>): Promise<void> {
  const [first] = operations;
  if (operations.length > 1) await db.batch(operations, { sync });
  else if (first.type === 'put') await db.put(first.key, first.value, { sync });
  else await db.del(first.key, { sync });
}

function runMaintenance(db: Database, kind: 'flush' | 'compact' | 'sync'): Promise<void> {
  if (kind === 'flush') return db.flush();
  return kind === 'compact' ? db.compact() : db.sync();
}

/** A database and the map that it must equal, through writes that may still be on their way. */
class ModelRun {
  readonly #disk = new MemoryFileSystem();
  readonly #options: Options;
  readonly #model: Model = new Map();
  #inFlight: Promise<void>[] = [];
  #copyCount = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  async run(commands: readonly Command[]): Promise<void> {
    let db = await openOn(this.#disk, this.#options);
    try {
      for (const next of commands) {
        if (next.kind === 'reopen') {
          await db.close();
          db = await openOn(this.#disk, this.#options);
        } else {
          await this.#apply(db, next);
        }
      }
      await this.#settle();
      expect(await entriesOf(db)).toEqual(expectedScan(this.#model, {}, undefined));
    } finally {
      await db.close();
    }
  }

  async #apply(db: Database, next: Exclude<Command, { kind: 'reopen' }>): Promise<void> {
    switch (next.kind) {
      case 'write':
        this.#inFlight.push(write(db, next));
        for (const { type, key: k, ...rest } of next.operations) {
          if (type === 'put' && 'value' in rest) this.#model.set(`${k}`, `${rest.value}`);
          else this.#model.delete(`${k}`);
        }
        if (next.awaits) await this.#settle();
        return;
      case 'get':
        await this.#settle();
        expect((await db.getMany(next.keys)).map(String)).toEqual(next.keys.map((k) => `${this.#model.get(k)}`));
        for (const k of next.keys) expect(db.getSync(k)?.toString()).toBe(this.#model.get(k));
        return;
      case 'scan':
        await this.#settle();
        expect(await runScan(db, next.options, next.seek)).toEqual(expectedScan(this.#model, next.options, next.seek));
        return;
      case 'load':
        await db.bulkLoad(next.entries);
        for (const [k, v] of next.entries) this.#model.set(k, v);
        return;
      case 'checkpoint':
        await this.#checkCopy(db);
        return;
      default:
        await runMaintenance(db, next.kind);
    }
  }

  async #checkCopy(db: Database): Promise<void> {
    const { directory } = await db.checkpoint(`/copies/${this.#copyCount++}`);
    const copy = await openForTest(this.#disk, directory, { ...this.#options, createIfMissing: false });
    expect(await entriesOf(copy)).toEqual(expectedScan(this.#model, {}, undefined));
    await copy.close();
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#inFlight);
    this.#inFlight = [];
  }
}

describe('a database does what a sorted map does', () => {
  it.each(Object.entries(OPTION_SETS))('with %s', async (_, options) => {
    const property = fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 60, size: 'max' }), (commands) =>
      new ModelRun(options).run(commands),
    );
    await fc.assert(property, { seed: 1, numRuns: 12 });
  });
});
