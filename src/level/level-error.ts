import type { ErrorCode } from '../base/errors.js';
import { StemeError } from '../base/errors.js';

/**
 * The engine's codes in the words of Level, whose names are those of classic-level and abstract-level. What Level has no word
 * for keeps its own code: STEME_NOT_FOUND, STEME_EXISTS, STEME_BUSY and the like.
 */
const LEVEL_CODES: Partial<Record<ErrorCode, string>> = {
  STEME_ABORTED: 'LEVEL_ABORTED',
  STEME_BACKGROUND: 'LEVEL_IO_ERROR',
  STEME_CLOSED: 'LEVEL_DATABASE_NOT_OPEN',
  STEME_CORRUPTION: 'LEVEL_CORRUPTION',
  STEME_INVALID_KEY: 'LEVEL_INVALID_KEY',
  STEME_INVALID_VALUE: 'LEVEL_INVALID_VALUE',
  STEME_IO: 'LEVEL_IO_ERROR',
  STEME_LOCKED: 'LEVEL_LOCKED',
};

/** Programs look for these words of LevelDB, which gives the two no code. */
const LEVEL_WORDS: Partial<Record<ErrorCode, string>> = {
  STEME_EXISTS: 'the database exists',
  STEME_NOT_FOUND: 'the database does not exist',
};

/** An error of the engine as Level names it; `cause` is the engine's own, with its code and details. */
export class LevelError extends Error {
  override readonly name: string;
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    // As everywhere on the web platform.
    this.name = code === 'LEVEL_ABORTED' ? 'AbortError' : 'LevelError';
  }
}

/** `error` as a user of Level knows it; what is not of the engine stays as it is. */
export function toLevelError(error: unknown): unknown {
  if (!(error instanceof StemeError)) return error;
  const code = LEVEL_CODES[error.code] ?? error.code;
  const words = LEVEL_WORDS[error.code];
  const message = words === undefined ? error.message : `${words}: ${error.message}`;
  return new LevelError(code, message, { cause: error });
}

/** For `catch` of a promise. */
export function throwLevelError(error: unknown): never {
  throw toLevelError(error);
}
