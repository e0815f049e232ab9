import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { describe, expect, it } from 'vitest';
import { abstractLevelSuite } from './abstract-level-suite.js';
import { MemoryLevel } from './memory-level.js';
import type { TapeBody } from './tape.js';
import { TapeSuite } from './tape.js';

type Runs = [name: string, run: () => Promise<void>][];

/** Registers nothing with vitest: the tests are run by hand, or only counted. */
function collected(): { tape: TapeSuite; runs: Runs } {
  const runs: Runs = [];
  return { tape: new TapeSuite((name, run) => runs.push([name, run])), runs };
}

function outcome(body: TapeBody): Promise<void> {
  const { tape, runs } = collected();
  tape.test('a test', body);
  return runs[0][1]();
}

/** Forgets what is written. */
class ForgetfulLevel extends MemoryLevel {
  override async _put(): Promise<void> {}
}

describe('a tape test run by vitest', () => {
  it.each<[name: string, body: TapeBody]>([
    ['ends with its promise', async (t) => t.is(1, 1)],
    [
      'ends with its plan',
      (t) => {
        t.plan(1);
        setImmediate(() => t.pass());
      },
    ],
    ['ends with end', (t) => void setImmediate(() => t.end())],
    [
      'runs the tests in it',
      (t) => {
        t.plan(1);
        t.test('inner', async (inner) => inner.same([1], [1]));
      },
    ],
    ['sees a throw that is expected', async (t) => t.throws(() => JSON.parse('{'), /JSON/)],
  ])('passes when it %s', async (_, body) => {
    await expect(outcome(body)).resolves.toBeUndefined();
  });

  it.each<[name: string, body: TapeBody, message: RegExp]>([
    ['an assertion fails', async (t) => t.is(1, 2, 'one is two'), /one is two/],
    [
      'an assertion fails and later ones hold',
      async (t) => {
        t.same({ a: 1 }, { a: 2 });
        t.ok(true);
      },
      /a test/,
    ],
    ['its promise is rejected', () => Promise.reject(new Error('lost')), /lost/],
    ['it throws', () => JSON.parse('{'), /JSON/],
    ['it ends with an error', (t) => t.end(new Error('ended badly')), /ended badly/],
    [
      'it asserts less than planned',
      async (t) => {
        t.plan(2);
        t.pass();
      },
      /1 assertions, planned were 2/,
    ],
    [
      'it asserts more than planned',
      async (t) => {
        t.plan(1);
        t.pass();
        t.pass();
      },
      /2 assertions, planned were 1/,
    ],
    ['nothing is thrown where it should', async (t) => t.throws(() => 1), /exception/],
    [
      'a test in it fails',
      async (t) => t.test('inner', async (inner) => inner.fail('deep down')),
      /inner: .*deep down/,
    ],
  ])('fails when %s', async (_, body, message) => {
    await expect(outcome(body)).rejects.toThrow(message);
  });

  it('is told of assertions after its end', async () => {
    const { tape, runs } = collected();
    tape.test('a test', async (t) => void setImmediate(() => t.ok(true)));
    await runs[0][1]();
    expect(tape.failures).toEqual([]);
    await new Promise(setImmediate);
    expect(tape.failures).toEqual([expect.stringContaining('after the end')]);
  });
});

describe('the suite of abstract-level through it', () => {
  it('fails on a database that forgets what is written', async () => {
    const { tape, runs } = collected();
    abstractLevelSuite({ test: tape.test, factory: (options) => new ForgetfulLevel(options) });
    const simple = runs.filter(([name]) => name === 'simple put()' || name === 'simple get()');
    expect(simple).toHaveLength(4);
    for (const [, run] of simple) await expect(run()).rejects.toThrow();
  });

  it('has for us every test that it has for classic-level', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
    const made: ClassicLevel[] = [];
    const theirs = collected();
    const ours = collected();
    const factory = (options?: object): ClassicLevel => {
      const db = new ClassicLevel(join(directory, String(made.length)), options);
      made.push(db);
      return db;
    };
    try {
      abstractLevelSuite({ test: theirs.tape.test, factory });
      abstractLevelSuite({ test: ours.tape.test, factory: (options) => new MemoryLevel(options) });
      expect(ours.runs.map(([name]) => name)).toEqual(theirs.runs.map(([name]) => name));
      expect(ours.runs.length).toBeGreaterThan(1000);
    } finally {
      for (const db of made) await db.close();
      await rm(directory, { recursive: true, force: true });
    }
  });
});
