import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { openForTest } from '../../src/testing.js';
import { startSource } from '../faults/steme-process.js';
import { applyHarm, damageableFiles, smallOtherDatabase } from '../support/damage.js';
import { type Harm, pageOf } from '../support/damage-plan.js';
import type { ReadingReport, ReadingTask } from './reading-process.js';

const KEYS = Array.from({ length: 400 }, (_, i) => `key ${String(i).padStart(4, '0')} `);
const READ_MODES = ['mmap', 'pread'] as const;

let root = '';
let sound = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'steme-mappings-'));
  sound = join(root, 'sound');
  const db = await openForTest(realFileSystem, sound, {
    compression: 'none',
    blobThreshold: 4096,
    walSync: 'fdatasync',
  });
  for (const [i, key] of KEYS.entries()) await db.put(key, key.repeat(i % 20 === 0 ? 800 : 60), { sync: false });
  await db.flush();
  await db.close();
});

afterAll(() => rm(root, { recursive: true, force: true }));

/** Cuts at and beside pages, where a mapping ends; pages of zeros; nothing left. */
async function harms(): Promise<Harm[]> {
  const prng = new Prng(1);
  const all: Harm[] = [];
  for (const { name: file, kind, sizeBytes } of await damageableFiles(realFileSystem, sound)) {
    if (kind !== 'table' && kind !== 'blob') continue;
    const sizes = [1, 4095, 4096, 4097, sizeBytes - 4096, sizeBytes - 1, prng.below(sizeBytes)];
    for (const size of sizes) all.push({ kind: 'truncation', file, sizeBytes: size });
    const pages = [0, 1, Math.floor((sizeBytes - 1) / 4096), prng.below(Math.floor(sizeBytes / 4096))];
    for (const page of pages) all.push({ kind: 'zeroed page', file, ...pageOf(page, sizeBytes) });
    all.push({ kind: 'emptied', file }, { kind: 'missing', file }, { kind: 'of another database', file });
  }
  return all;
}

async function damagedCopies(name: string): Promise<string[]> {
  const otherDatabase = await smallOtherDatabase(2);
  const directories: string[] = [];
  for (const [i, harm] of (await harms()).entries()) {
    const directory = join(root, `${name}-${i}`);
    await cp(sound, directory, { recursive: true });
    await applyHarm(realFileSystem, directory, harm, otherDatabase);
    directories.push(directory);
  }
  return directories;
}

interface Ending {
  readonly signal: NodeJS.Signals | null;
  readonly exitCode: number | null;
  readonly reports: readonly ReadingReport[];
  readonly stderr: string;
}

/** A core dump of a process that is meant to crash helps nobody. */
const NO_CORE_DUMP = { limit: '-c 0' };

async function runReader(task: ReadingTask): Promise<Ending> {
  const { child, outcome } = startSource('test/corruption/reading-process.ts', [JSON.stringify(task)], NO_CORE_DUMP);
  child.stdin.end();
  const { exitCode, stdout, stderr } = await outcome;
  const lines = stdout.split('\n').filter((line) => line.includes('"right"'));
  return {
    signal: child.signalCode,
    exitCode,
    reports: lines.map((line) => JSON.parse(line) as ReadingReport),
    stderr,
  };
}

describe('a process that maps real files', () => {
  it.each(READ_MODES)('ends well whatever had happened to tables and blob files: %s', async (readMode) => {
    const directories = await damagedCopies(readMode);
    const { signal, exitCode, reports, stderr } = await runReader({ directories, readMode, keys: KEYS });
    expect({ signal, exitCode, stderr }).toEqual({ signal: null, exitCode: 0, stderr: '' });
    expect(reports.map(({ directory }) => directory)).toEqual(directories);
    for (const report of reports) expect(report).toMatchObject({ wrong: 0, others: [] });
    for (const { damages } of reports) expect(damages).toBeGreaterThan(0);
  });

  it.each(['.sst', '.blob'])(
    'and reads its files (pread) takes a %s that is cut under its hands for damage',
    async (ending) => {
      const { reports, signal } = await cutUnderway(ending, 'pread');
      expect(signal).toBeNull();
      expect(reports).toMatchObject([{ wrong: 0, others: [] }]);
      expect(reports[0].damages).toBeGreaterThan(0);
    },
  );

  // The one harm that no check helps against: the pages are gone between any check and the read. docs/recovery.md tells of it.
  it.runIf(realFileSystem.canMap && process.platform === 'linux')(
    'is ended by the operating system if one of them is cut under its hands, and says nothing wrong before',
    async () => {
      const { reports, signal } = await cutUnderway('.sst', 'mmap');
      expect(signal).toBe('SIGBUS');
      expect(reports).toEqual([]);
    },
  );
});

async function cutUnderway(ending: string, readMode: 'mmap' | 'pread'): Promise<Ending> {
  const directory = join(root, `cut-${readMode}${ending}`);
  await cp(sound, directory, { recursive: true });
  const cutFile = (await realFileSystem.list(directory)).find((name) => name.endsWith(ending));
  if (cutFile === undefined) throw new Error(`there is no ${ending}`);
  return runReader({ directories: [directory], readMode, keys: KEYS, cutFile });
}
