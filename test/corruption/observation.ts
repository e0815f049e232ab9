/** What a damaged database answered to every question, and which of the contents that it may have agree with all of it. */
import { StemeError } from '../../src/base/errors.js';
import type { Database, EntryIterator } from '../../src/engine/api.js';
import { settles } from '../support/settles.js';
import type { Content } from './known-database.js';

export type Answer<T> = { readonly value: T } | { readonly error: unknown };

export interface Observation {
  readonly gets: ReadonlyMap<string, Answer<string | undefined>>;
  readonly forward: Scan;
  readonly reverse: Scan;
  readonly size: Answer<number>;
}

/** What came before the end, or before the error. */
interface Scan {
  readonly entries: readonly (readonly [string, string])[];
  readonly error: unknown;
}

export async function observe(db: Database, keys: readonly string[]): Promise<Observation> {
  const limit = keys.length + 10;
  return {
    forward: await scan(db, false, limit),
    reverse: await scan(db, true, limit),
    gets: new Map(keys.map((key) => [key, get(db, key)])),
    size: await answerOf('a size', db.approximateSize()),
  };
}

export function answerOf<T>(what: string, promise: Promise<T>): Promise<Answer<T>> {
  return settles(
    what,
    promise.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    ),
  );
}

async function scan(db: Database, reverse: boolean, limit: number): Promise<Scan> {
  const entries: [string, string][] = [];
  let error: unknown;
  let iterator: EntryIterator | undefined;
  try {
    iterator = db.iterator({ reverse });
    // One at a time: what comes before an error counts too.
    while (entries.length < limit) {
      const next = iterator.nextvSync(1);
      if (next.length === 0) break;
      entries.push([`${next[0][0]}`, `${next[0][1]}`]);
    }
  } catch (caught) {
    error = caught;
  }
  if (iterator !== undefined) await settles('the close of an iterator', iterator.close());
  return { entries, error };
}

function get(db: Database, key: string): Answer<string | undefined> {
  try {
    return { value: db.getSync(key)?.toString() };
  } catch (error) {
    return { error };
  }
}

export function errorsOf({ gets, forward, reverse, size }: Observation): unknown[] {
  const answers = [...gets.values(), size];
  const errors = answers.flatMap((answer) => ('error' in answer ? [answer.error] : []));
  return [...errors, forward.error, reverse.error].filter((error) => error !== undefined);
}

/** An error that the engine threw on purpose, and not for a bug of its own. */
export function isTyped(error: unknown): error is StemeError {
  return error instanceof StemeError && error.code !== 'STEME_INTERNAL';
}

/** Why the answers are not those of a database with this content; undefined if they are. */
export function contradiction({ gets, forward, reverse }: Observation, content: Content): string | undefined {
  for (const [key, answer] of gets) {
    const expected = content.get(key);
    if ('value' in answer && answer.value !== expected) {
      return `get of ${shown(key)} answers ${shown(answer.value)} and not ${shown(expected)}`;
    }
  }
  const ascending = [...content].sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    scanContradiction('a scan', forward, ascending) ?? scanContradiction('a reverse scan', reverse, ascending.reverse())
  );
}

function scanContradiction(
  what: string,
  { entries, error }: Scan,
  expected: readonly (readonly [string, string])[],
): string | undefined {
  for (const [i, [key, value]] of entries.entries()) {
    const [expectedKey, expectedValue] = expected.at(i) ?? [];
    if (key !== expectedKey) return `${what} comes to ${shown(key)} and not to ${shown(expectedKey)}`;
    if (value !== expectedValue) return `${what} has ${shown(value)} at ${shown(key)} and not ${shown(expectedValue)}`;
  }
  if (error === undefined && entries.length < expected.length) {
    return `${what} ends before ${shown(expected[entries.length][0])}`;
  }
  return undefined;
}

function shown(text: string | undefined): string {
  if (text === undefined) return 'nothing';
  return text.length > 40 ? `'${text.slice(0, 20)}…' (${text.length} bytes)` : `'${text}'`;
}
