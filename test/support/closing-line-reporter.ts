import type { Reporter, SerializedError, TestModule } from 'vitest/node';

export interface RunCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of a vitest test module that counting needs. */
export interface CountableModule {
  /** False when anything in the file failed, a test or what is around the tests. */
  ok(): boolean;
  readonly children: { allTests(): Iterable<{ result(): { readonly state: string } }> };
}

/** The line that scripts read: `12 passed, 0 failed`, and `, 3 skipped` when there are any. */
export function closingLine({ passed, failed, skipped }: RunCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** Prints the closing line as the last thing of a run. Comes last in the list of reporters. */
export class ClosingLineReporter implements Reporter {
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void = (line) => process.stdout.write(`${line}\n`)) {
    this.#print = print;
  }

  onTestRunEnd(testModules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    this.#print(closingLine(countRun(testModules, unhandledErrors.length)));
  }
}

/** A file that fails outside its tests (it does not load, a hook throws) and an unhandled error each count as one failure. */
export function countRun(testModules: readonly CountableModule[], unhandledErrorCount: number): RunCounts {
  let passed = 0;
  let failed = unhandledErrorCount;
  let skipped = 0;
  for (const testModule of testModules) {
    let failedHere = 0;
    for (const test of testModule.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') passed++;
      else if (state === 'failed') failedHere++;
      else skipped++;
    }
    failed += failedHere === 0 && !testModule.ok() ? 1 : failedHere;
  }
  return { passed, failed, skipped };
}
