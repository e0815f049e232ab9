import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { temporaryDirectory } from '../cli/cli-harness.js';
import { rejectedIn } from './rejected.js';
import { contentsOf } from './scan.js';
import { feedPart, startSteme, steme } from './steme-process.js';

const LINES = 20_000;
const NAME = 'events';

interface Source {
  readonly bytes: Buffer;
  /** In the order of the lines, which is the order of the keys too. */
  readonly good: readonly { readonly line: number; readonly key: string; readonly text: string }[];
  readonly bad: readonly { readonly line: number; readonly text: string }[];
}

/** Documents with an id, and one line in ten that cannot be taken. */
function makeSource(seed: number): Source {
  const prng = new Prng(seed);
  const good = [];
  const bad = [];
  const texts: string[] = [];
  for (let line = 1; line <= LINES; line++) {
    const filler = prng
      .nextUint32()
      .toString(36)
      .repeat(10 + prng.below(40));
    const key = `event-${String(line).padStart(8, '0')}`;
    const isGood = !prng.chance(0.1);
    const text = isGood
      ? JSON.stringify({ id: key, filler })
      : prng.pick([`{"no":"${filler}"}`, `{"id":"${key}" ${filler}`]);
    texts.push(text);
    if (isGood) good.push({ line, key, text });
    else bad.push({ line, text });
  }
  return { bytes: Buffer.from(`${texts.join('\n')}\n`), good, bad };
}

const argv = ['ingest', '-', '--format', 'ndjson', '--key', 'id', '--source', NAME, '--batch', '200', '--json'];

/** Runs the ingest, and sends `signal` when about `fraction` of the source was taken; more never comes. */
async function ingestCutShort(db: string, { bytes }: Source, fraction: number, signal: NodeJS.Signals, delayMs = 0) {
  const { child, outcome } = startSteme([...argv, '--db', db]);
  await feedPart(child.stdin, bytes, Math.floor(bytes.length * fraction));
  await delay(delayMs);
  child.kill(signal);
  const result = await outcome;
  return { ...result, signal: child.signalCode };
}

async function expectCompleted(db: string, source: Source): Promise<void> {
  const { exitCode, stdout, stderr } = await steme([...argv, '--db', db], { input: [source.bytes] });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ storedRecords: source.good.length, rejectedRecords: source.bad.length });
  expect(await textsIn(db)).toEqual(source.good.map(({ key, text }) => [key, text]));
  expect(await badIn(db)).toEqual(source.bad);
}

async function textsIn(db: string): Promise<[string, string][]> {
  return (await contentsOf(db)).map(([key, value]) => [key, value.toString()]);
}

/** What is in the quarantine, by line: one that is there twice is there twice here. */
async function badIn(db: string): Promise<{ line: number | undefined; text: string }[]> {
  return (await rejectedIn(db)).map(({ tenant, source, position, payload }) => {
    expect({ tenant, source }).toEqual({ tenant: 'default', source: NAME });
    return { line: position, text: payload.toString() };
  });
}

// laws 1, 2
describe('an ingest that is killed', () => {
  it.each([1, 2])(
    'again and again (seed %i) and then run to its end has every record once, and every rejection once',
    async (seed) => {
      const db = join(await temporaryDirectory(), 'db');
      const source = makeSource(seed);
      const prng = new Prng(seed);
      let survivors = 0;
      let rejectedSurvivors: Awaited<ReturnType<typeof badIn>> = [];
      for (const third of [0, 1]) {
        const fraction = (third + prng.nextUint32() / 2 ** 32) / 3 + 0.2;
        const { signal } = await ingestCutShort(db, source, fraction, 'SIGKILL', prng.below(30));
        expect(signal).toBe('SIGKILL');
        const texts = await textsIn(db);
        // What is there is the beginning of the source, whole batch by whole batch; a kill takes back nothing of an earlier run.
        expect(texts).toEqual(source.good.slice(0, texts.length).map(({ key, text }) => [key, text]));
        expect(texts.length % 200).toBe(0);
        expect(texts.length).toBeGreaterThanOrEqual(survivors);
        const rejected = await badIn(db);
        expect(rejected).toEqual(source.bad.filter(({ line }) => rejected.some((each) => each.line === line)));
        expect(rejected.filter(({ line }) => rejectedSurvivors.some((each) => each.line === line))).toEqual(
          rejectedSurvivors,
        );
        rejectedSurvivors = rejected;
        survivors = texts.length;
      }
      expect(survivors).toBeGreaterThan(0);
      expect(rejectedSurvivors.length).toBeGreaterThan(0);
      await expectCompleted(db, source);
    },
  );
});

describe('an ingest that is interrupted', () => {
  it('exits with 130, has stored and kept what it says and no more, and is completed by the same command', async () => {
    const db = join(await temporaryDirectory(), 'db');
    const source = makeSource(3);
    const { exitCode, stdout, stderr } = await ingestCutShort(db, source, 0.6, 'SIGINT');
    expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr: '' });
    const { interrupted, lastLine, storedRecords, rejectedRecords } = JSON.parse(stdout);
    const good = source.good.filter(({ line }) => line <= lastLine);
    const bad = source.bad.filter(({ line }) => line <= lastLine);
    expect({ interrupted, storedRecords, rejectedRecords }).toEqual({
      interrupted: true,
      storedRecords: good.length,
      rejectedRecords: bad.length,
    });
    expect(good.length).toBeGreaterThan(0);
    expect(await textsIn(db)).toEqual(good.map(({ key, text }) => [key, text]));
    expect(await badIn(db)).toEqual(bad);
    await expectCompleted(db, source);
  });
});
