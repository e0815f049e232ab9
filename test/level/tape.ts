import assert from 'node:assert/strict';

/** The part of tape's test object that the suite of abstract-level uses. A failed assertion is noted, and the test goes on. */
export interface Tape {
  plan(count: number): void;
  end(error?: unknown): void;
  pass(message?: string): void;
  fail(reason?: unknown): void;
  ok(value: unknown, message?: string): void;
  is(actual: unknown, expected: unknown, message?: string): void;
  isNot(actual: unknown, expected: unknown, message?: string): void;
  same(actual: unknown, expected: unknown, message?: string): void;
  throws(body: () => unknown, expected?: unknown, message?: string): void;
  doesNotThrow(body: () => unknown, message?: string): void;
  test(name: string, body: TapeBody): void;
}

export type TapeBody = (t: Tape) => unknown;
export type TapeTest = (name: string, body: TapeBody) => void;

/**
 * One test as tape runs it: over when the promise that its body returned is settled, without one when `end` is called or the
 * planned number of assertions is reached. Tests in it are run after it, and count as one assertion of its plan each.
 */
export class TapeRun implements Tape {
  readonly failures: string[] = [];
  assertionCount = 0;
  readonly #name: string;
  readonly #inner: [name: string, body: TapeBody][] = [];
  readonly #ended: Promise<void>;
  #resolveEnded: () => void = () => undefined;
  #planned: number | undefined;
  #ownCount = 0;
  #isOver = false;

  constructor(name: string) {
    this.#name = name;
    this.#ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  async run(body: TapeBody): Promise<void> {
    try {
      const returned = body(this);
      if (isPromise(returned)) await returned;
      else await this.#ended;
    } catch (error) {
      this.#note(error);
    }
    const progress = this.#ownCount + this.#inner.length;
    if (this.#planned !== undefined && progress !== this.#planned) {
      this.#note(`${progress} assertions, planned were ${this.#planned}`);
    }
    this.#isOver = true;
    for (const [name, innerBody] of this.#inner) await this.#runInner(name, innerBody);
  }

  plan(count: number): void {
    this.#planned = count;
  }

  end(error?: unknown): void {
    if (error !== undefined && error !== null) this.#note(error);
    this.#resolveEnded();
  }

  pass(_message?: string): void {
    this.#check(() => undefined);
  }

  fail(reason?: unknown): void {
    this.#check(() => {
      throw reason instanceof Error ? reason : new Error(String(reason ?? 'failed'));
    });
  }

  ok(value: unknown, message?: string): void {
    this.#check(() => assert.ok(value, message));
  }

  is(actual: unknown, expected: unknown, message?: string): void {
    this.#check(() => assert.strictEqual(actual, expected), message);
  }

  isNot(actual: unknown, expected: unknown, message?: string): void {
    this.#check(() => assert.notStrictEqual(actual, expected), message);
  }

  same(actual: unknown, expected: unknown, message?: string): void {
    this.#check(() => assert.deepStrictEqual(actual, expected), message);
  }

  throws(body: () => unknown, expected?: unknown, message?: string): void {
    this.#check(() => {
      if (expected instanceof RegExp || typeof expected === 'function') assert.throws(body, expected as RegExp);
      else assert.throws(body);
    }, message);
  }

  doesNotThrow(body: () => unknown, message?: string): void {
    this.#check(body, message);
  }

  test(name: string, body: TapeBody): void {
    this.#inner.push([name, body]);
    this.#endIfPlanned();
  }

  #check(assertion: () => unknown, message = ''): void {
    this.assertionCount++;
    this.#ownCount++;
    if (this.#isOver) this.#note('an assertion after the end of the test');
    try {
      assertion();
    } catch (error) {
      this.#note(error, message);
    }
    this.#endIfPlanned();
  }

  #endIfPlanned(): void {
    if (this.#ownCount + this.#inner.length === this.#planned) this.#resolveEnded();
  }

  async #runInner(name: string, body: TapeBody): Promise<void> {
    const inner = new TapeRun(`${this.#name} > ${name}`);
    await inner.run(body);
    this.assertionCount += inner.assertionCount;
    this.failures.push(...inner.failures);
  }

  #note(failure: unknown, message = ''): void {
    const text = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
    this.failures.push(`${this.#name}: ${message === '' ? '' : `${message}: `}${text}`);
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Gives every tape test to `register`, as a function that rejects if one of its assertions failed, and counts. */
export class TapeSuite {
  testCount = 0;
  ranCount = 0;
  assertionCount = 0;
  readonly #runs: TapeRun[] = [];
  readonly test: TapeTest;

  constructor(register: (name: string, run: () => Promise<void>) => void) {
    this.test = (name, body) => {
      this.testCount++;
      register(name, () => this.#run(name, body));
    };
  }

  /** Those too that came when their test was over and had passed. */
  get failures(): string[] {
    return this.#runs.flatMap((run) => run.failures);
  }

  async #run(name: string, body: TapeBody): Promise<void> {
    const run = new TapeRun(name);
    this.#runs.push(run);
    await run.run(body);
    this.ranCount++;
    this.assertionCount += run.assertionCount;
    if (run.failures.length > 0) throw new Error(run.failures.join('\n'));
  }
}
