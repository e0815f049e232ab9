import { EMPTY_BYTES } from './bytes.js';
import { assert } from './errors.js';
import type { InternalIterator } from './internal-iterator.js';
import { KIND_DELETE } from './internal-key.js';

/** An iterator over nothing: never valid, wherever it is sent. */
export class EmptyIterator implements InternalIterator {
  readonly valid = false;
  readonly keySource = EMPTY_BYTES;
  readonly keyStart = 0;
  readonly keyEnd = 0;
  readonly sequence = 0;
  readonly kind = KIND_DELETE;
  readonly valueSource = EMPTY_BYTES;
  readonly valueStart = 0;
  readonly valueEnd = 0;

  get entry(): this {
    return this;
  }

  seekToFirst(): void {}
  seekToLast(): void {}
  seek(_key: Uint8Array): void {}
  seekBefore(_key: Uint8Array): void {}

  next(): void {
    assert(false, 'only a valid iterator is moved');
  }

  prev(): void {
    assert(false, 'only a valid iterator is moved');
  }
}
