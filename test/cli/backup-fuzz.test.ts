import { xxh3 } from '@node-rs/xxhash';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BackupCatalogue,
  decodeCatalogue,
  encodeCatalogue,
  hexOf,
} from '../../src/cli/backup/backup-catalogue.js';
import { BackupStore, catalogueName } from '../../src/cli/backup/backup-store.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { writeFile } from '../log/log-bytes.js';
import {
  answerForView,
  answerOf,
  answerOfPromise,
  fuzzRuns,
  guardedDisk,
  hostile,
  mutate,
  mutations,
} from '../support/fuzz.js';

const CATALOGUE: BackupCatalogue = {
  id: 3,
  createdAtMs: 1_764_099_000_000,
  sequence: 42,
  files: [
    { name: '000012.sst', bytes: 16_384, xxh3: '0123456789abcdef' },
    { name: 'CURRENT', bytes: 32, xxh3: 'fedcba9876543210' },
    { name: 'quarantine/ac%2fme/000001.segment', bytes: 64, xxh3: '0123456789abcdef' },
  ],
};
const FILE = catalogueName(3);
const GOOD = Uint8Array.from(encodeCatalogue(CATALOGUE));
const LINE = JSON.stringify({ format: 2, ...CATALOGUE });

function sealed(line: string): Uint8Array {
  return Buffer.from(`${line}\nxxh3 ${hexOf(xxh3.xxh64(`${line}\n`))}\n`);
}

const SOUND_NAME =
  /^(?:CURRENT|MANIFEST-\d+|\d+\.(?:sst|log|blob)|quarantine\/(?:\d+\.intake|[a-z0-9_%-]+\/(?:MANIFEST|\d+\.segment)))$/;

/** No way out of its directory, no number that JavaScript cannot hold. */
function expectSound({ id, createdAtMs, sequence, files }: BackupCatalogue): void {
  expect([id, createdAtMs, sequence, ...files.map(({ bytes }) => bytes)].every((n) => Number.isSafeInteger(n))).toBe(
    true,
  );
  for (const { name } of files) expect(name).toMatch(SOUND_NAME);
}

describe('a catalogue of any content', () => {
  it('is what was written, or is refused', () => {
    const property = fc.property(hostile([GOOD]), (content) => {
      const answer = answerForView(content, (view) => decodeCatalogue(view, FILE));
      if ('value' in answer) expect(answer.value).toEqual(CATALOGUE);
    });
    fc.assert(property, fuzzRuns(1000));
  });

  it('is sound where its checksum was made to fit, or is refused', () => {
    const nearly = mutations.map((how) => Buffer.from(mutate(Buffer.from(LINE), how)).toString('latin1'));
    const lines = fc.oneof(nearly, fc.json(), fc.string({ unit: 'binary' }));
    const property = fc.property(lines, (line) => {
      const answer = answerOf(() => decodeCatalogue(sealed(line.replaceAll('\n', ' ')), FILE));
      if ('value' in answer) expectSound(answer.value);
    });
    fc.assert(property, fuzzRuns(1500));
  });

  it('is refused where it is nested without end', () => {
    const answer = answerOf(() => decodeCatalogue(sealed('['.repeat(1_000_000)), FILE));
    expect(answer).toHaveProperty('refused');
    expect(answerOf(() => decodeCatalogue(sealed('['.repeat(50_000) + ']'.repeat(50_000)), FILE))).toHaveProperty(
      'refused',
    );
  });

  it('is read out of a store as that of its own backup, or is refused', async () => {
    const property = fc.asyncProperty(hostile([GOOD, sealed(LINE.replace('"id":3', '"id":4'))]), async (content) => {
      const disk = new MemoryFileSystem();
      await disk.makeDirectory('/backups');
      writeFile(disk, `/backups/${FILE}`, content);
      const store = new BackupStore(guardedDisk(disk, 20), '/backups');
      const answer = await answerOfPromise(() => store.read(3));
      if ('value' in answer) expect(answer.value).toEqual(CATALOGUE);
    });
    await fc.assert(property, fuzzRuns(300));
  });
});

describe('names of files in a catalogue', () => {
  it('that lead elsewhere are refused, whatever they are made of', () => {
    const part = fc.constantFrom(
      'quarantine',
      'a',
      '..',
      '.',
      '',
      '%2e',
      '%',
      'MANIFEST',
      '000001.segment',
      '000001.intake',
      'C:',
      '\0',
      'A',
    );
    const names = fc
      .array(part, { minLength: 1, maxLength: 5 })
      .chain((parts) => fc.constantFrom(parts.join('/'), parts.join('\\')));
    const property = fc.property(names, (name) => {
      const files = [{ ...CATALOGUE.files[0], name }];
      const answer = answerOf(() => decodeCatalogue(sealed(JSON.stringify({ format: 2, ...CATALOGUE, files })), FILE));
      if ('value' in answer) expectSound(answer.value);
    });
    fc.assert(property, fuzzRuns(3000));
  });
});

describe('a store of backups with any names in it', () => {
  it('lists the backups that can be read by their numbers, and no others', async () => {
    const names = fc.oneof(
      fc.integer({ min: 1, max: 2_000_000 }).map(catalogueName),
      fc.stringMatching(/^[0-9]{1,25}\.backup$/),
      fc.constantFrom('files', 'staging', '000001.backup.tmp', 'LOCK'),
    );
    const property = fc.asyncProperty(fc.uniqueArray(names, { maxLength: 6 }), async (present) => {
      const disk = new MemoryFileSystem();
      await disk.makeDirectory('/backups');
      for (const name of present) writeFile(disk, `/backups/${name}`, GOOD);
      const ids = await new BackupStore(disk, '/backups').ids();
      expect(ids.map(catalogueName).every((name) => present.includes(name))).toBe(true);
    });
    await fc.assert(property, fuzzRuns(300));
  });
});
