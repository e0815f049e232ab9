import { expect } from 'vitest';
import type { ScannedEntry } from './scan.js';

/** As `toEqual`, which takes seconds for megabytes, and of which nobody could read the difference. */
export function expectEntries(found: readonly ScannedEntry[], expected: readonly ScannedEntry[]): void {
  expect(found.map(([key]) => key)).toEqual(expected.map(([key]) => key));
  const wrong = found.filter(([, value], index) => !value.equals(expected[index][1]));
  expect(wrong.map(([key]) => key)).toEqual([]);
}
