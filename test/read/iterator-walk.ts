import fc from 'fast-check';
import type { InternalIterator } from '../../src/base/internal-iterator.js';
import { arbitraryKey } from './arbitrary-versions.js';

export type WalkStep =
  | { readonly move: 'seekToFirst' | 'seekToLast' | 'next' | 'prev' }
  | { readonly move: 'seek' | 'seekBefore'; readonly key: Uint8Array };

/** Steps of a walk, mostly single ones, with changes of direction and seeks between. */
export const arbitraryWalk: fc.Arbitrary<WalkStep[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<WalkStep>({ move: 'next' }, { move: 'prev' }) },
    { weight: 1, arbitrary: fc.constantFrom<WalkStep>({ move: 'seekToFirst' }, { move: 'seekToLast' }) },
    {
      weight: 2,
      arbitrary: fc.record({ move: fc.constantFrom('seek' as const, 'seekBefore' as const), key: arbitraryKey }),
    },
  ),
  { minLength: 1, maxLength: 60, size: 'max' },
);

/** Takes one step. Single steps are only for a valid iterator; another one is sent to an end instead. */
export function takeStep(iterator: InternalIterator, step: WalkStep): void {
  switch (step.move) {
    case 'seek':
    case 'seekBefore':
      iterator[step.move](step.key);
      break;
    case 'next':
      if (iterator.valid) iterator.next();
      else iterator.seekToFirst();
      break;
    case 'prev':
      if (iterator.valid) iterator.prev();
      else iterator.seekToLast();
      break;
    default:
      iterator[step.move]();
  }
}
