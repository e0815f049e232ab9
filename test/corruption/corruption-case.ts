/**
 * One harm to one known database: everything is asked of it, then it is written to, flushed, compacted, closed and opened once
 * more, and asked again. It may answer right or refuse with a typed error, and nothing else.
 */
import { CorruptionError } from '../../src/base/errors.js';
import { parseFileName } from '../../src/base/file-names.js';
import type { Database } from '../../src/engine/api.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { applyHarm, type OtherDatabase } from '../support/damage.js';
import type { Harm } from '../support/damage-plan.js';
import { fixedClock, type KnownDatabase, keyOf, READ_AT_MS } from './known-database.js';
import { type LogRecordPlace, mayBeTorn } from './log-records.js';
import { type Answer, answerOf, contradiction, errorsOf, isTyped, observe } from './observation.js';

export const OUTCOMES = [
  'right answer',
  'damage at open',
  'damage at read',
  'other typed error',
  'torn tail',
  'silent',
  'untyped',
  'hang',
  'memory',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** None of these may ever come. */
export const FAILURES: readonly Outcome[] = ['silent', 'untyped', 'hang', 'memory'];

export interface Verdict {
  readonly outcome: Outcome;
  /** What went wrong, for a person. */
  readonly detail: string;
  /** Typed errors that do not say which file is damaged and where. */
  readonly placeless: readonly string[];
}

export interface CorruptionCase {
  readonly known: KnownDatabase;
  /** Where the records stand that are in the log alone. */
  readonly records: readonly LogRecordPlace[];
  readonly harm: Harm;
  readonly readMode: 'mmap' | 'pread';
  readonly otherDatabase: OtherDatabase;
}

/** What one run may take beside what is there: far more than these databases are large. */
const MEMORY_BYTES_MAX = 96 * 1024 * 1024;
const LOG_SPACE_BYTES = 1024 * 1024;
const WRITTEN_KEY = 'written after the harm';
const MISSING_KEYS = ['', 'zzz', keyOf(500), `${keyOf(20)}x`].filter((key) => key !== '');

export async function runCase(corruptionCase: CorruptionCase): Promise<Verdict> {
  const memoryBefore = process.memoryUsage().arrayBuffers;
  const run = new CaseRun(corruptionCase);
  let verdict: Verdict;
  try {
    verdict = await run.run();
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    verdict = { outcome: detail.includes('it hangs') ? 'hang' : 'untyped', detail, placeless: [] };
  }
  const memoryBytes = process.memoryUsage().arrayBuffers - memoryBefore;
  if (memoryBytes <= MEMORY_BYTES_MAX) return verdict;
  return { ...verdict, outcome: 'memory', detail: `${memoryBytes} bytes taken` };
}

class CaseRun {
  readonly #case: CorruptionCase;
  readonly #keys: readonly string[];
  readonly #fileSystem: FileSystem;
  /** How many of the unflushed records may be there: those that agree with every answer so far. */
  #possible: number[];
  readonly #atOpen: unknown[] = [];
  readonly #atRead: unknown[] = [];

  constructor(corruptionCase: CorruptionCase) {
    this.#case = corruptionCase;
    const { disk, states } = corruptionCase.known;
    this.#fileSystem = disk.clone();
    this.#keys = [...new Set([...states.flatMap((content) => [...content.keys()]), ...MISSING_KEYS])];
    this.#possible = states.map((_, count) => count);
  }

  async run(): Promise<Verdict> {
    const { harm, known, otherDatabase } = this.#case;
    await applyHarm(this.#fileSystem, known.directory, harm, otherDatabase);
    let isWritten = false;
    const first = await this.#open();
    if (first !== undefined) {
      const problem = await this.#ask(first, false);
      if (problem !== undefined) return this.#failure('silent', problem);
      isWritten = await this.#write(first);
      const second = await this.#open();
      if (second !== undefined) {
        const later = await this.#ask(second, isWritten);
        if (later !== undefined) return this.#failure('silent', `after a write and a reopen: ${later}`);
        this.#note(this.#atRead, await answerOf('the last close', second.close()));
      }
    }
    return this.#conclude();
  }

  async #open(): Promise<Database | undefined> {
    const { known, readMode } = this.#case;
    const environment = testEnvironment(this.#fileSystem, {
      clock: fixedClock(READ_AT_MS),
      randomUint32: () => known.databaseId,
      // This disk is memory: a log prepared ahead would count as what a run takes, as far as it has come by its end.
      logSpaceBytes: LOG_SPACE_BYTES,
    });
    const options = { ...known.options, readMode };
    const opened = await answerOf('the open', openWith(known.directory, options, environment));
    this.#note(this.#atOpen, opened);
    return 'value' in opened ? opened.value : undefined;
  }

  /** Returns what no content explains. */
  async #ask(db: Database, isWritten: boolean): Promise<string | undefined> {
    const { states } = this.#case.known;
    const observation = await observe(db, [...this.#keys, WRITTEN_KEY]);
    this.#atRead.push(...errorsOf(observation));
    let problem: string | undefined;
    const agreeing = this.#possible.filter((count) => {
      const content = isWritten ? new Map([...states[count], [WRITTEN_KEY, 'yes']]) : states[count];
      const wrong = contradiction(observation, content);
      problem = wrong ?? problem;
      return wrong === undefined;
    });
    if (agreeing.length === 0) return problem;
    this.#possible = agreeing;
    return undefined;
  }

  /** Whether the write was acknowledged. */
  async #write(db: Database): Promise<boolean> {
    const written = await answerOf('a write', db.put(WRITTEN_KEY, 'yes'));
    this.#note(this.#atRead, written);
    this.#note(this.#atRead, await answerOf('a flush', db.flush()));
    this.#note(this.#atRead, await answerOf('a compaction', db.compact()));
    this.#note(this.#atRead, await answerOf('the close', db.close()));
    return 'value' in written;
  }

  #note(errors: unknown[], answer: Answer<unknown>): void {
    if ('error' in answer) errors.push(answer.error);
  }

  #failure(outcome: Outcome, detail: string): Verdict {
    return { outcome, detail, placeless: [] };
  }

  #conclude(): Verdict {
    const errors = [...this.#atOpen, ...this.#atRead];
    const untyped = errors.find((error) => !isTyped(error));
    if (untyped !== undefined) {
      return this.#failure('untyped', untyped instanceof Error ? (untyped.stack ?? untyped.message) : String(untyped));
    }
    const kept = Math.max(...this.#possible);
    const placeless = [...new Set(errors.flatMap(placelessText))];
    const verdict = (outcome: Outcome, detail = messageOf(errors.at(0))): Verdict => ({ outcome, detail, placeless });
    if (this.#atOpen.some(isDamage)) return verdict('damage at open');
    if (this.#atRead.some(isDamage)) return verdict('damage at read');
    if (errors.length > 0) return verdict('other typed error');
    if (kept === this.#case.known.states.length - 1) return verdict('right answer');
    if (!mayBeTorn(this.#case.records, this.#case.harm, kept))
      return verdict('silent', `only ${kept} of the log's records are there`);
    return verdict('torn tail');
  }
}

function isDamage(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof CorruptionError) return true;
  }
  return false;
}

/** The message of an error that names no file of a database, and the offset in it. */
function placelessText(error: unknown): string[] {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (!(current instanceof CorruptionError)) continue;
    const name = current.damage.file.slice(current.damage.file.lastIndexOf('/') + 1);
    if (parseFileName(name) !== undefined && Number.isSafeInteger(current.damage.offsetBytes)) return [];
  }
  return [messageOf(error)];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}
