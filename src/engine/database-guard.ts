import { StemeError } from '../base/errors.js';

/** What every call asks first: whether the database is open, and may be written. */
export class DatabaseGuard {
  readonly #directory: string;
  readonly #isReadOnly: boolean;
  #isClosed = false;

  constructor(directory: string, isReadOnly: boolean) {
    this.#directory = directory;
    this.#isReadOnly = isReadOnly;
  }

  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  close(): void {
    this.#isClosed = true;
  }

  assertOpen(): void {
    if (this.#isClosed) throw new StemeError('STEME_CLOSED', `the database in ${this.#directory} is closed`);
  }

  assertWritable(): void {
    this.assertOpen();
    if (this.#isReadOnly) {
      throw new StemeError('STEME_READ_ONLY', `the database in ${this.#directory} was opened with readOnly`);
    }
  }
}
