import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MIB, VALUE_BYTES_MAX } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { open } from '../../src/index.js';
import { temporaryDirectory } from '../cli/cli-harness.js';
import { keyOfLine } from './lines-of-bytes.js';
import { rejectedIn } from './rejected.js';
import { contentsOf } from './scan.js';
import { stemeWithPeak } from './steme-process.js';

/** Twice what it took: the runtime, and the 64 MiB that may still become a value, with its garbage. */
const PEAK_BYTES_MAX = 450 * MIB;
const NAME = 'huge';

/** A mebibyte of printable text; its pieces of a line differ by their first bytes, so that no two can be mixed up. */
const filler = Buffer.from(new Prng(3).fill(new Uint8Array(MIB)).map((byte) => 0x21 + (byte % 0x5e)));

function pieceAt(index: number): Buffer {
  const piece = Buffer.from(filler);
  piece.write(`<piece ${index}>`);
  return piece;
}

/** `before`, a line of `mebibytes`, `after`: made while it is read, never as a whole. */
function* sourceWithHugeLine(mebibytes: number): Generator<Uint8Array> {
  yield Buffer.from('before\n');
  for (let index = 0; index < mebibytes; index++) yield pieceAt(index);
  yield Buffer.from('\nafter\n');
}

const argv = ['ingest', '-', '--source', NAME, '--json'];

describe('a line of a hundred mebibytes', () => {
  it('is rejected with its true length in bounded memory, and its neighbours go in', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const { exitCode, stdout, peakBytes } = await stemeWithPeak([...argv, '--db', db], sourceWithHugeLine(100));
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ storedRecords: 2, rejectedRecords: 1, lastLine: 3 });
    const [entry, ...others] = await rejectedIn(db);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      source: NAME,
      position: 2,
      reason: 'too-large',
      contentType: 'text/plain; truncated=true',
    });
    expect(entry.detail).toBe(
      `the record has ${100 * MIB} bytes, more than a value may have; only the first ${MIB} of ${100 * MIB} bytes are kept`,
    );
    expect(entry.payload.equals(pieceAt(0))).toBe(true);
    const found = (await contentsOf(db)).map(([key, value]) => [key, value.toString()]);
    expect(found).toEqual([
      [keyOfLine(NAME, 1), 'before'],
      [keyOfLine(NAME, 3), 'after'],
    ]);
    expect(peakBytes).toBeGreaterThan(0);
    expect(peakBytes).toBeLessThan(PEAK_BYTES_MAX);
  });
});

describe('a line of sixty mebibytes', () => {
  it('is within the limit of a value: it goes in and is read back byte for byte', async () => {
    expect(60 * MIB).toBeLessThan(VALUE_BYTES_MAX);
    const db = join(await temporaryDirectory(), 'db');
    const { exitCode, stdout } = await stemeWithPeak([...argv, '--db', db], sourceWithHugeLine(60));
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ storedRecords: 3, rejectedRecords: 0, lastLine: 3 });
    await using database = await open(db, { readOnly: true });
    const [before, huge, after] = await database.getMany([1, 2, 3].map((line) => keyOfLine(NAME, line)));
    expect([before, after].map(String)).toEqual(['before', 'after']);
    expect(huge?.length).toBe(60 * MIB);
    for (let index = 0; index < 60; index++) {
      expect(huge?.subarray(index * MIB, (index + 1) * MIB).equals(pieceAt(index)), `mebibyte ${index}`).toBe(true);
    }
  });
});
