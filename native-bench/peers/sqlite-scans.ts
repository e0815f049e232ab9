import type { ScanOptions } from './bench-engine.js';

export type SqliteRow = [key: Buffer, value: Buffer];

/** The part of a statement of better-sqlite3 that reads. */
export interface RowStatement<Row> {
  raw(): this;
  all(...parameters: readonly (Buffer | number)[]): Row[];
  iterate(...parameters: readonly (Buffer | number)[]): Iterable<Row>;
}

export type PrepareRows = (sql: string) => RowStatement<SqliteRow>;

/** Few enough for one call of `all` to stay in the processor's cache; more, or `iterate`, were slower. */
const ROWS_PER_CALL = 100;

/** Ranges of the table, each call going on after the last key of the one before; rows come as arrays, which no object is made for. */
export class SqliteScans {
  readonly #forwards: Direction;
  readonly #backwards: Direction;
  readonly #byRow: RowStatement<SqliteRow>;

  constructor(prepare: PrepareRows) {
    const statement = (rest: string) => prepare(`SELECT key, value FROM records ${rest}`).raw();
    this.#forwards = {
      first: statement('ORDER BY key LIMIT ?'),
      from: statement('WHERE key >= ? ORDER BY key LIMIT ?'),
      after: statement('WHERE key > ? ORDER BY key LIMIT ?'),
    };
    this.#backwards = {
      first: statement('ORDER BY key DESC LIMIT ?'),
      from: statement('WHERE key <= ? ORDER BY key DESC LIMIT ?'),
      after: statement('WHERE key < ? ORDER BY key DESC LIMIT ?'),
    };
    this.#byRow = statement('ORDER BY key');
  }

  run({ isReverse = false, from, rowsMax = Number.POSITIVE_INFINITY, onRow }: ScanOptions): number {
    const { first, from: at, after } = isReverse ? this.#backwards : this.#forwards;
    let count = 0;
    let lastKey: Buffer | undefined;
    while (count < rowsMax) {
      const wanted = Math.min(ROWS_PER_CALL, rowsMax - count);
      const rows = callOf(lastKey, wanted);
      count += rows.length;
      if (onRow !== undefined) for (const [key, value] of rows) onRow(key, value);
      if (rows.length < wanted) break;
      lastKey = rows[rows.length - 1][0];
    }
    return count;

    function callOf(previous: Buffer | undefined, wanted: number): SqliteRow[] {
      if (previous !== undefined) return after.all(previous, wanted);
      return from === undefined ? first.all(wanted) : at.all(from, wanted);
    }
  }

  rows(): Iterable<SqliteRow> {
    return this.#byRow.iterate();
  }
}

interface Direction {
  readonly first: RowStatement<SqliteRow>;
  readonly from: RowStatement<SqliteRow>;
  readonly after: RowStatement<SqliteRow>;
}
