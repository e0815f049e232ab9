import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import type { CliEnvironment } from '../../src/cli/cli-environment.js';
import { runProgram } from '../../src/cli/profile/run-program.js';
import { runCli } from '../../src/cli/program.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { open, repair, verify } from '../../src/index.js';

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A temporary directory that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

class Collector extends Writable {
  readonly #chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(Buffer.from(chunk));
    done();
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}

/** Standard error as a terminal: what is drawn on it is its `text`. */
export class Terminal extends Collector {
  readonly isTTY = true;
  readonly columns = 80;

  cursorTo(): boolean {
    return true;
  }

  clearLine(): boolean {
    return true;
  }

  moveCursor(): boolean {
    return true;
  }
}

export interface CliSetting extends Partial<CliEnvironment> {
  /** What standard input gives. */
  readonly input?: string | Uint8Array;
}

/** Runs `steme` in this process, against the real disk. */
export async function steme(argv: readonly string[], setting: CliSetting = {}): Promise<CliResult> {
  const { input = '', ...overrides } = setting;
  const stdout = new Collector();
  const stderr = new Collector();
  const exitCode = await runCli(argv, {
    stdin: Readable.from([Buffer.from(input)]),
    stdout,
    stderr,
    signal: new AbortController().signal,
    clock: systemClock,
    fileSystem: realFileSystem,
    openDatabase: open,
    verifyDatabase: verify,
    repairDatabase: repair,
    runProgram,
    ...overrides,
  });
  return { exitCode, stdout: stdout.text, stderr: stderr.text };
}
