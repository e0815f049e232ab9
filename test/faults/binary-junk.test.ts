import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { MIB } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import type { QuarantinedRecord } from '../../src/index.js';
import { temporaryDirectory } from '../cli/cli-harness.js';
import { expectEntries } from './expect-entries.js';
import { entriesOfLines, linesOf, type SourceLine } from './lines-of-bytes.js';
import { rejectedIn } from './rejected.js';
import { contentsOf } from './scan.js';
import { steme } from './steme-process.js';

const JUNK_BYTES = 5 * MIB;
const NAME = 'junk.bin';

/** Why a line is no JSON document, told by the platform and not by the reader under test; undefined where it is one. */
function complaintAbout(bytes: Buffer): RegExp | undefined {
  let decoded: string;
  try {
    decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return /^the line is not UTF-8$/;
  }
  try {
    JSON.parse(decoded);
    return undefined;
  } catch {
    return /^the line is not JSON: /;
  }
}

/** The entries have these lines, each with its bytes and the reason for it. */
function expectRejected(entries: readonly QuarantinedRecord[], lines: readonly SourceLine[]): void {
  expect(entries.map(({ position }) => position)).toEqual(lines.map(({ number }) => number));
  for (const [index, { detail, source, payload }] of entries.entries()) {
    const { bytes } = lines[index];
    expect(source).toBe(NAME);
    expect(detail).toMatch(complaintAbout(bytes) ?? 'no reason at all');
    expect(payload.equals(bytes), `line ${lines[index].number}`).toBe(true);
  }
}

describe('five megabytes of binary junk without a newline at the end', () => {
  const junk = Buffer.from(new Prng(1).fill(new Uint8Array(JUNK_BYTES)));
  junk[junk.length - 1] = 0xff;
  const lines = linesOf(junk);

  beforeAll(() => {
    // What makes it junk: NULs, carriage returns before newlines, empty lines, and bytes that are no text.
    for (const part of ['\0', '\r\n', '\n\n']) expect(junk.includes(part)).toBe(true);
    expect(lines.length).toBeGreaterThan(10_000);
  });

  async function junkFile(): Promise<{ file: string; db: string }> {
    const directory = await temporaryDirectory();
    const file = join(directory, NAME);
    await writeFile(file, junk);
    return { file, db: join(directory, 'db') };
  }

  it('goes in as lines with every byte, and nothing is rejected', async () => {
    const { file, db } = await junkFile();
    const { exitCode, stdout } = await steme(['ingest', file, '--db', db, '--json', '--strict']);
    expect(exitCode).toBe(0);
    const emptyLines = junk.toString('latin1').split('\n').length - lines.length;
    expect(JSON.parse(stdout)).toMatchObject({
      storedRecords: lines.length,
      rejectedRecords: 0,
      emptyLines,
      sourceBytes: JUNK_BYTES,
      lastLine: lines.at(-1)?.number,
    });
    expectEntries(await contentsOf(db), entriesOfLines(NAME, lines));
  });

  it('is rejected as ndjson line by line, with reason and bytes; a second ingest exits with 6 if strict and adds nothing', async () => {
    const { file, db } = await junkFile();
    const bad = lines.filter(({ bytes }) => complaintAbout(bytes) !== undefined);
    const good = lines.filter(({ bytes }) => complaintAbout(bytes) === undefined);
    for (const [flags, documentedExitCode] of [
      [[], 0],
      [['--strict'], 6],
    ] as const) {
      const { exitCode, stdout } = await steme(['ingest', file, '--format', 'ndjson', '--db', db, '--json', ...flags]);
      expect(exitCode).toBe(documentedExitCode);
      expect(JSON.parse(stdout)).toMatchObject({ storedRecords: good.length, rejectedRecords: bad.length });
      expectRejected(await rejectedIn(db), bad);
      expectEntries(await contentsOf(db), entriesOfLines(NAME, good));
    }
  });

  it('is refused as csv with exit code 2, since its header cannot be read', async () => {
    const { file, db } = await junkFile();
    const { exitCode, stdout, stderr } = await steme(['ingest', file, '--format', 'csv', '--db', db]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^steme: the CSV header on line 1 cannot be read: /);
    expect(await contentsOf(db)).toEqual([]);
  });
});
