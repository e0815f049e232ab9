import { createRequire } from 'node:module';
import type { TapeTest } from './tape.js';

export interface SuiteOptions {
  readonly test: TapeTest;
  /** Makes a new, empty database. */
  readonly factory: (options?: object) => object;
}

/** The official one, from the package itself: it has no types and no ES module. It runs twice, the second time on a sublevel. */
export const abstractLevelSuite: (options: SuiteOptions) => void = createRequire(import.meta.url)(
  'abstract-level/test',
);
