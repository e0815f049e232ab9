/**
 * The mixed load: everything a program may do at once, over a bounded set of keys, so that a store that is in order stays of one
 * size. Each key has one writer, so the last acknowledged write of a key is known at any time.
 */
import { Prng } from '../../src/base/prng.js';
import type { BatchOperation, Database } from '../../src/index.js';
import { SoakShadow, soakValue, writeNumberOf } from './soak-shadow.js';

const KEY_COUNT = 100_000;
const WRITERS = 8;
const BATCH_OPERATIONS = 40;
const VALUE_BYTES: readonly number[] = [20, 100, 100, 100, 400, 400, 1000, 9000];
/** Records of the log that is cut at its old end, as retention does. */
const LOG_RECORDS_KEPT = 50_000;
const LOG_RECORDS_PER_CUT = 10_000;
const SESSION_TTL_MS = 3000;
const SCAN_ROWS = 500;

const keyOf = (index: number): string => `k/${String(index).padStart(8, '0')}`;
const logKeyOf = (index: number): string => `log/${String(index).padStart(12, '0')}`;

export class SoakLoad {
  readonly #db: Database;
  readonly #prng: Prng;
  readonly #shadow = new SoakShadow(KEY_COUNT);
  readonly #stop = new AbortController();
  #writeNumber = 0;
  #logEnd = 0;
  #logStart = 0;
  #sessionCount = 0;
  operationCount = 0;
  conflictCount = 0;
  readonly problems: string[] = [];

  constructor(db: Database, seed: number) {
    this.#db = db;
    this.#prng = new Prng(seed);
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    const writers = Array.from({ length: WRITERS }, (_, writer) => () => this.#writeBatch(writer));
    const loops = [
      ...writers,
      () => this.#appendLog(),
      () => this.#putSessions(),
      () => this.#readPoints(),
      () => this.#scan(),
      () => this.#readSnapshot(),
      () => this.#transact(),
    ];
    await Promise.all(loops.map((step) => this.#repeat(step)));
  }

  stop(): void {
    this.#stop.abort();
  }

  /** After the end: every key holds its last write, the log its kept part. */
  async verify(db: Database): Promise<void> {
    for (let index = 0; index < KEY_COUNT; index++) {
      const value = db.getSync(keyOf(index));
      const found = value === undefined ? 0 : writeNumberOf(value);
      const expected = this.#shadow.lastWriteOf(index);
      if (found !== expected) this.#fail(`${keyOf(index)} holds write ${found}, not ${expected}`);
    }
    let next = this.#logStart;
    for await (const [key] of db.iterator({ gte: 'log/', lt: 'log0' })) {
      if (key.toString() !== logKeyOf(next)) this.#fail(`the log has ${key} where ${logKeyOf(next)} should be`);
      next++;
    }
    if (next !== this.#logEnd) this.#fail(`the log ends at ${next}, not at ${this.#logEnd}`);
  }

  async #repeat(step: () => Promise<void>): Promise<void> {
    while (!this.#stop.signal.aborted) await step();
  }

  async #writeBatch(writer: number): Promise<void> {
    const prng = this.#prng;
    const noted: [index: number, writeNumber: number][] = [];
    const operations: BatchOperation[] = [];
    for (let i = 0; i < BATCH_OPERATIONS; i++) {
      const index = prng.below(KEY_COUNT / WRITERS) * WRITERS + writer;
      const isDelete = prng.chance(0.1);
      const writeNumber = isDelete ? 0 : ++this.#writeNumber;
      noted.push([index, writeNumber]);
      if (isDelete) operations.push({ type: 'del', key: keyOf(index) });
      else operations.push({ type: 'put', key: keyOf(index), value: soakValue(writeNumber, prng.pick(VALUE_BYTES)) });
    }
    await this.#db.batch(operations, { sync: prng.chance(0.1) });
    for (const [index, writeNumber] of noted) this.#shadow.note(index, writeNumber);
    this.operationCount += operations.length;
  }

  async #appendLog(): Promise<void> {
    const operations = Array.from({ length: BATCH_OPERATIONS }, (_, i) => ({
      type: 'put' as const,
      key: logKeyOf(this.#logEnd + i),
      value: soakValue(this.#logEnd + i, 200),
    }));
    await this.#db.batch(operations, { sync: false });
    this.#logEnd += operations.length;
    this.operationCount += operations.length;
    if (this.#logEnd - this.#logStart < LOG_RECORDS_KEPT + LOG_RECORDS_PER_CUT) return;
    const cut = this.#logEnd - LOG_RECORDS_KEPT;
    await this.#db.deleteRange(logKeyOf(this.#logStart), logKeyOf(cut), { sync: false });
    this.#logStart = cut;
  }

  async #putSessions(): Promise<void> {
    const operations = Array.from({ length: BATCH_OPERATIONS }, () => ({
      type: 'put' as const,
      key: `session/${this.#sessionCount++}`,
      value: 'a session',
      ttlMs: SESSION_TTL_MS,
    }));
    await this.#db.batch(operations, { sync: false });
    this.operationCount += operations.length;
  }

  async #readPoints(): Promise<void> {
    for (let i = 0; i < 100; i++) {
      const index = this.#prng.below(KEY_COUNT);
      const value = await this.#db.get(keyOf(index));
      // What was acknowledged before the read is seen by it; a later one may be.
      if (value !== undefined && Number.isNaN(writeNumberOf(value))) this.#fail(`${keyOf(index)} holds a torn value`);
    }
    this.operationCount += 100;
    await nextTurn();
  }

  async #scan(): Promise<void> {
    const from = keyOf(this.#prng.below(KEY_COUNT));
    const reverse = this.#prng.chance(0.5);
    const range = reverse ? { lte: from } : { gte: from };
    const iterator = this.#db.iterator({ ...range, reverse, limit: SCAN_ROWS });
    const entries = await iterator.nextv(SCAN_ROWS);
    for (let i = 1; i < entries.length; i++) {
      const order = Buffer.compare(entries[i - 1][0], entries[i][0]);
      if (reverse ? order <= 0 : order >= 0) this.#fail(`a scan from ${from} is out of order at ${entries[i][0]}`);
    }
    await iterator.close();
    this.operationCount += entries.length;
    await nextTurn();
  }

  /** Two reads of one moment agree, whatever is written between them. */
  async #readSnapshot(): Promise<void> {
    using snapshot = this.#db.snapshot();
    const keys = Array.from({ length: 50 }, () => keyOf(this.#prng.below(KEY_COUNT)));
    const before = await this.#db.getMany(keys, { snapshot });
    await nextTurn();
    await this.#db.sync();
    const after = await this.#db.getMany(keys, { snapshot });
    for (const [i, value] of before.entries()) {
      if (value?.compare(after[i] ?? Buffer.alloc(0)) !== (value === undefined ? undefined : 0)) {
        this.#fail(`a snapshot changed its mind about ${keys[i]}`);
      }
    }
    this.operationCount += 2 * keys.length;
  }

  /** Moves one unit between two of ten accounts: their sum never changes. */
  async #transact(): Promise<void> {
    const from = `account/${this.#prng.below(10)}`;
    const to = `account/${this.#prng.below(10)}`;
    if (from === to) return nextTurn();
    try {
      await this.#db.transaction(
        async (tx) => {
          const balanceOf = async (key: string): Promise<number> => Number(((await tx.get(key)) ?? '100').toString());
          const [a, b] = [await balanceOf(from), await balanceOf(to)];
          tx.put(from, String(a - 1));
          tx.put(to, String(b + 1));
        },
        { retries: 3, sync: false },
      );
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'STEME_CONFLICT')) throw error;
      this.conflictCount++;
    }
    this.operationCount += 4;
  }

  #fail(problem: string): void {
    if (this.problems.length < 20) this.problems.push(problem);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
