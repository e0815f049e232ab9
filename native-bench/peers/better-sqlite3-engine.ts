import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { KEY_BYTES } from '../workloads/workload.js';
import { type BenchEngine, CACHE_BYTES, type OpenSettings, type ScanOptions } from './bench-engine.js';
import { requirePeer } from './private-package.js';
import { type SqliteRow, SqliteScans } from './sqlite-scans.js';

type Parameter = Buffer | number;
/** How it commits: FULL syncs its log, NORMAL leaves that to the kernel until a checkpoint, and loses no more than the end of it. */
type Synchronous = 'FULL' | 'NORMAL';

/** The part of better-sqlite3 that is used here. */
interface SqliteStatement<Row = unknown> {
  /** Rows are their first column, or arrays of all: there are no objects to make. */
  pluck(): this;
  raw(): this;
  run(...parameters: readonly Parameter[]): unknown;
  get(...parameters: readonly Parameter[]): Row | undefined;
  all(...parameters: readonly Parameter[]): Row[];
  iterate(...parameters: readonly Parameter[]): IterableIterator<Row>;
}

interface Sqlite {
  pragma(text: string): unknown;
  exec(sql: string): unknown;
  prepare<Row = unknown>(sql: string): SqliteStatement<Row>;
  close(): unknown;
}

const PAGE_BYTES = 4096;
/** The log before its pages go to the tree; its default of 4 MB writes the same pages over and over. */
const LOG_BYTES = 64 * 1024 * 1024;
/** What its cache does not hold is read without a call; it takes 2 GiB at most. */
const MAP_BYTES = 2 ** 31;

/** `syncs` is only written to have something to commit. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS records (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS syncs (id INTEGER PRIMARY KEY, count INTEGER NOT NULL);
  INSERT OR IGNORE INTO syncs VALUES (1, 0);
`;

/**
 * Everything happens on the calling thread, within the call: it has no other way. A prepared statement for each record was faster than
 * one for many, and single gets faster than `IN`.
 */
export function openBetterSqlite3(
  directory: string,
  { writeBufferBytes = LOG_BYTES }: OpenSettings = {},
): Promise<BenchEngine> {
  const Database = requirePeer<new (path: string) => Sqlite>('better-sqlite3');
  mkdirSync(directory, { recursive: true });
  const db = new Database(join(directory, 'records.sqlite'));
  // One process, as for the engines that lock their directory: no lock to take and no memory to share for each statement.
  db.pragma(`page_size = ${PAGE_BYTES}`);
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('journal_mode = WAL');
  db.pragma(`cache_size = -${CACHE_BYTES / 1024}`);
  db.pragma(`mmap_size = ${MAP_BYTES}`);
  db.pragma(`wal_autocheckpoint = ${Math.ceil(writeBufferBytes / PAGE_BYTES)}`);
  db.exec(SCHEMA);
  return Promise.resolve(new BetterSqlite3Engine(db));
}

class BetterSqlite3Engine implements BenchEngine {
  readonly #db: Sqlite;
  readonly #begin: SqliteStatement;
  readonly #commit: SqliteStatement;
  readonly #put: SqliteStatement;
  readonly #sync: SqliteStatement;
  readonly #get: SqliteStatement<Buffer>;
  readonly #scans: SqliteScans;
  #synchronous: Synchronous | undefined;

  constructor(db: Sqlite) {
    this.#db = db;
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
    this.#put = db.prepare('INSERT OR REPLACE INTO records VALUES (?, ?)');
    this.#sync = db.prepare('UPDATE syncs SET count = count + 1');
    this.#get = db.prepare<Buffer>('SELECT value FROM records WHERE key = ?').pluck();
    this.#scans = new SqliteScans((sql) => db.prepare<SqliteRow>(sql));
  }

  async writeBatch(keys: Buffer, values: readonly Buffer[]): Promise<void> {
    this.#use('NORMAL');
    this.#begin.run();
    for (let i = 0; i < values.length; i++) {
      this.#put.run(keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES), values[i]);
    }
    this.#commit.run();
  }

  /** A commit with a sync makes the log durable up to and with itself. */
  async makeDurable(): Promise<void> {
    this.#use('FULL');
    this.#sync.run();
  }

  async put(key: Buffer, value: Buffer): Promise<void> {
    this.#use('NORMAL');
    this.#put.run(key, value);
  }

  /** A transaction for each put, however many writers there are: within a call it cannot wait for others. */
  async putDurable(key: Buffer, value: Buffer): Promise<void> {
    this.#use('FULL');
    this.#put.run(key, value);
  }

  #use(synchronous: Synchronous): void {
    if (this.#synchronous === synchronous) return;
    this.#db.pragma(`synchronous = ${synchronous}`);
    this.#synchronous = synchronous;
  }

  async get(key: Buffer): Promise<Buffer | undefined> {
    return this.#get.get(key);
  }

  getSync(key: Buffer): Buffer | undefined {
    return this.#get.get(key);
  }

  async getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]> {
    return keys.map((key) => this.#get.get(key));
  }

  async scan(options: ScanOptions): Promise<number> {
    return this.#scans.run(options);
  }

  async scanByRow(): Promise<number> {
    let rows = 0;
    // eslint-disable-next-line @typescript-eslint/await-thenable -- the loop is the same over every engine
    for await (const _row of this.#scans.rows()) rows++;
    return rows;
  }

  /** A tree that is changed in place has no runs to merge. */
  compact(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#db.close();
  }

  counters(): Readonly<Record<string, number>> {
    return {};
  }
}
