import { type ErrorCode, StemeError, systemCodeOf } from '../base/errors.js';
import { EXIT_DAMAGED, EXIT_FAILURE, EXIT_INTERRUPTED, EXIT_LOCKED, EXIT_USAGE } from './exit-codes.js';
import { UsageError } from './usage-error.js';

/** An error as the user meets it: one line, a hint where there is something to do, and the exit code. */
export interface ErrorReport {
  /** A STEME code, an errno name, `USAGE`, or `UNEXPECTED` for a bug of ours. */
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly exitCode: number;
}

const HINT_OF_CODE: Partial<Record<ErrorCode, string>> = {
  STEME_LOCKED: 'close the other program, or work on a copy of the directory',
  STEME_EXISTS: 'name a directory that is empty or not there',
  STEME_NOT_FOUND: 'check --db; "steme ingest" creates a database',
  STEME_CORRUPTION:
    'keep a copy of the directory; "steme verify" tells all that is damaged, "steme repair" saves what is intact, --read-around reads it meanwhile',
  STEME_QUARANTINE_FULL:
    'make room with "steme quarantine replay" or "steme quarantine purge", and run the same command again; the cap is the option quarantine.entriesMax or quarantine.bytesMax of the database',
  STEME_INTERNAL: 'this is a bug of stemedb; please report it with the output of --debug',
  STEME_UNSUPPORTED: 'a newer version of stemedb wrote this; upgrade the package',
};

const HINT_OF_SYSTEM_CODE: Record<string, string> = {
  EACCES: 'check the permissions, also those of the directories above',
  EPERM: 'check the permissions, also those of the directories above',
  EROFS: 'the file system is mounted read-only',
  ENOSPC: 'free some space and run the same command again',
  EDQUOT: 'free some space or raise the quota, and run the same command again',
  ENOENT: 'check the path',
  EISDIR: 'name a file, not a directory',
  ESPIPE: 'this is not a plain file: feed it through a pipe, "cat FILE | steme ingest - …"',
  EMFILE: 'raise the limit of open files (ulimit -n)',
};

const USAGE_CODES: ReadonlySet<ErrorCode> = new Set([
  'STEME_INVALID_OPTION',
  'STEME_INVALID_KEY',
  'STEME_INVALID_RANGE',
  'STEME_INVALID_TENANT',
]);

export function reportOf(error: unknown): ErrorReport {
  if (error instanceof UsageError) {
    return { code: 'USAGE', message: error.message, hint: error.hint, exitCode: EXIT_USAGE };
  }
  if (error instanceof StemeError) return reportOfStemeError(error);
  const message = error instanceof Error ? error.message : String(error);
  const systemCode = systemCodeOf(error);
  if (systemCode !== undefined) {
    return { code: systemCode, message, hint: HINT_OF_SYSTEM_CODE[systemCode], exitCode: EXIT_FAILURE };
  }
  return { code: 'UNEXPECTED', message, hint: 'run it again with --debug for details', exitCode: EXIT_FAILURE };
}

function reportOfStemeError(error: StemeError): ErrorReport {
  const systemCode = systemCodeOf(error);
  const systemHint = systemCode === undefined ? undefined : HINT_OF_SYSTEM_CODE[systemCode];
  const hint = HINT_OF_CODE[error.code] ?? systemHint;
  return { code: error.code, message: error.message, hint, exitCode: exitCodeOf(error.code) };
}

function exitCodeOf(code: ErrorCode): number {
  if (code === 'STEME_LOCKED') return EXIT_LOCKED;
  if (code === 'STEME_CORRUPTION') return EXIT_DAMAGED;
  if (code === 'STEME_ABORTED') return EXIT_INTERRUPTED;
  return USAGE_CODES.has(code) ? EXIT_USAGE : EXIT_FAILURE;
}

/** What goes to standard error: `steme: …` and a hint line, or one JSON object. */
export function formatReport(report: ErrorReport, json: boolean): string {
  const { code, message, hint } = report;
  if (json) return `${JSON.stringify({ error: { code, message, hint } })}\n`;
  return `steme: ${message.replaceAll('\n', ' ')}\n${hint === undefined ? '' : `hint: ${hint}\n`}`;
}

/** A warning as the user meets it: `steme: warning: …` with what caused it, or one JSON object. */
export function formatWarning(warning: Error, json: boolean): string {
  const { cause } = warning;
  const isTold = !(cause instanceof Error) || warning.message.includes(cause.message);
  const message = isTold ? warning.message : `${warning.message} (${cause.message})`;
  const code = warning instanceof StemeError ? warning.code : warning.name;
  if (json) return `${JSON.stringify({ warning: { code, message } })}\n`;
  return `steme: warning: ${message.replaceAll('\n', ' ')}\n`;
}

/** The stack of an error and of everything that caused it. */
export function formatStacks(error: unknown): string {
  let text = '';
  for (let current = error; current instanceof Error; current = current.cause) text += `${current.stack}\n`;
  return text;
}
