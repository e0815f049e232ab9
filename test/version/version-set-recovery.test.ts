import { beforeEach, describe, expect, it } from 'vitest';
import { writeUint32 } from '../../src/base/bytes.js';
import { crc32c } from '../../src/base/checksum.js';
import type { Damage, StemeError } from '../../src/base/errors.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { LogWriter } from '../../src/log/log-writer.js';
import { encodeManifestHeader, manifestIdentity } from '../../src/version/manifest-header.js';
import { COMPARATOR_NAME, type VersionEdit } from '../../src/version/version-edit.js';
import { encodeVersionEdit } from '../../src/version/version-edit-encoder.js';
import { createSet, DIRECTORY, flushEdit, recoverSet, stateOf } from './scenario.js';
import { added, edit, table } from './tables.js';

const MANIFEST = 'MANIFEST-000002';

let fileSystem: MemoryFileSystem;

beforeEach(async () => {
  fileSystem = new MemoryFileSystem();
  await fileSystem.makeDirectory(DIRECTORY);
});

async function readFile(name: string): Promise<Uint8Array> {
  const file = await fileSystem.open(`${DIRECTORY}/${name}`, 'read');
  const content = new Uint8Array(await file.sizeBytes());
  await file.read(content, 0);
  await file.close();
  return content;
}

async function writeFile(name: string, content: Uint8Array): Promise<void> {
  const file = await fileSystem.open(`${DIRECTORY}/${name}`, 'create');
  await file.write(content, 0);
  await file.close();
}

async function sizeOf(name: string): Promise<number> {
  return (await fileSystem.statBytes(`${DIRECTORY}/${name}`)) ?? -1;
}

async function flipByte(name: string, at: number): Promise<void> {
  const content = await readFile(name);
  content[at] ^= 0x10;
  await writeFile(name, content);
}

/** A database of `edits` flushes; returns the state and the size of the manifest after each. */
async function build(edits: number): Promise<{ states: string[]; sizes: number[] }> {
  const set = await createSet(fileSystem);
  const states = [stateOf(set)];
  const sizes = [await sizeOf(MANIFEST)];
  for (let i = 0; i < edits; i++) {
    await set.apply(flushEdit(set));
    states.push(stateOf(set));
    sizes.push(await sizeOf(MANIFEST));
  }
  await set.close();
  return { states, sizes };
}

const SNAPSHOT: VersionEdit = edit({
  isSnapshot: true,
  databaseId: 0xfeedf00d,
  comparatorName: COMPARATOR_NAME,
  logNumber: 1,
  nextFileNumber: 100,
  lastSequence: 0,
});

/** Puts a manifest of any header and edits, with good checksums, in the place of the live one. */
async function replaceManifest(edits: readonly VersionEdit[], header?: Uint8Array): Promise<void> {
  const log = await LogWriter.create(fileSystem, `${DIRECTORY}/${MANIFEST}`, {
    identity: manifestIdentity(2),
    header: header ?? encodeManifestHeader({ databaseId: 0xfeedf00d, manifestNumber: 2 }),
  });
  for (const each of edits) {
    await log.append(encodeVersionEdit(each));
    await log.sync();
  }
  await log.close();
}

async function expectDamage(damage: Partial<Damage>): Promise<void> {
  await expect(recoverSet(fileSystem)).rejects.toMatchObject({ code: 'STEME_CORRUPTION', damage });
}

describe('recovery finds CURRENT', () => {
  it('absent: there is no database', async () => {
    await expect(recoverSet(fileSystem)).rejects.toMatchObject({ code: 'STEME_NOT_FOUND' });
  });

  it('naming a manifest that is missing', async () => {
    await build(1);
    await fileSystem.remove(`${DIRECTORY}/${MANIFEST}`);
    await expectDamage({ file: MANIFEST, expected: 'the manifest that CURRENT names', found: 'no file' });
  });

  it.each([
    ['empty', ''],
    ['junk', '\0\xff junk'],
    ['another file name', 'notes.txt\ncrc32c 00000000\n'],
    ['a manifest without its checksum', 'MANIFEST-000002\n'],
    ['a checksum that does not hold', 'MANIFEST-000002\ncrc32c 00000000\n'],
    ['a megabyte', 'x'.repeat(1 << 20)],
  ])('%s: damage', async (_, content) => {
    await build(1);
    await writeFile('CURRENT', Buffer.from(content, 'latin1'));
    await expectDamage({ file: 'CURRENT' });
  });

  it('damaged, whichever byte it is', async () => {
    await build(0);
    const sizeBytes = await sizeOf('CURRENT');
    for (let at = 0; at < sizeBytes; at++) {
      await flipByte('CURRENT', at);
      await expectDamage({ file: 'CURRENT' });
      await flipByte('CURRENT', at);
    }
    await recoverSet(fileSystem);
  });

  it('with a number written in another way than ours', async () => {
    await build(0);
    const line = 'MANIFEST-0000002\n';
    const checksum = crc32c(Buffer.from(line)).toString(16).padStart(8, '0');
    await writeFile('CURRENT', Buffer.from(`${line}crc32c ${checksum}\n`));
    await expectDamage({ file: 'CURRENT', found: 'MANIFEST-0000002' });
  });
});

describe('recovery finds the manifest', () => {
  it('torn at any byte of the last edit: that edit is dropped', async () => {
    const { states, sizes } = await build(3);
    const whole = await readFile(MANIFEST);
    for (let sizeBytes = sizes[2]; sizeBytes < sizes[2] + 60; sizeBytes++) {
      await writeFile(MANIFEST, whole.subarray(0, sizeBytes));
      expect(stateOf(await recoverSet(fileSystem))).toBe(states[2]);
    }
  });

  it('with junk behind the last edit: the junk is dropped', async () => {
    const { states } = await build(2);
    await writeFile(MANIFEST, Buffer.concat([await readFile(MANIFEST), Buffer.alloc(500, 0xab)]));
    expect(stateOf(await recoverSet(fileSystem))).toBe(states[2]);
  });

  it('damaged before an intact edit: the edits in between had been acted on', async () => {
    const { sizes } = await build(3);
    for (const at of [sizes[1] + 3, sizes[1] + 20, sizes[1] + 40]) {
      await flipByte(MANIFEST, at);
      await expectDamage({ file: MANIFEST, offsetBytes: sizes[1] });
      await flipByte(MANIFEST, at);
    }
    await recoverSet(fileSystem);
  });

  it('damaged at any byte: an edit may only be lost in silence if it is the last', async () => {
    const { states, sizes } = await build(3);
    for (let at = 0; at < sizes[3]; at++) {
      await flipByte(MANIFEST, at);
      const found = await recoverSet(fileSystem).then(stateOf, (error: StemeError) => error.code);
      // Padding carries nothing, so damage there changes nothing.
      const allowed = at < sizes[2] ? ['STEME_CORRUPTION', states[3]] : [states[2], states[3]];
      expect(allowed).toContain(found);
      await flipByte(MANIFEST, at);
    }
  });

  it('damaged inside an edit of several frames, with a later edit to prove that it was durable', async () => {
    const set = await createSet(fileSystem);
    const start = await sizeOf(MANIFEST);
    const long = () => table(set.allocateFileNumber(), 'a'.repeat(60_000), 'z'.repeat(60_000));
    await set.apply(added(0, ...Array.from({ length: 30 }, long)));
    const end = await sizeOf(MANIFEST);
    await set.apply(flushEdit(set));
    await set.close();
    for (const at of [start + 100, start + 1_500_000, end - 100]) {
      await flipByte(MANIFEST, at);
      await expectDamage({ file: MANIFEST });
      await flipByte(MANIFEST, at);
    }
  });

  it('torn inside an edit of several frames: that edit is dropped', async () => {
    const set = await createSet(fileSystem);
    const start = await sizeOf(MANIFEST);
    const before = stateOf(set);
    const long = () => table(set.allocateFileNumber(), 'a'.repeat(60_000), 'z'.repeat(60_000));
    await set.apply(added(0, ...Array.from({ length: 30 }, long)));
    await set.close();
    // Frames of one append reach the disk in any order: a hole among them is no damage.
    await flipByte(MANIFEST, start + 100);
    expect(stateOf(await recoverSet(fileSystem))).toBe(before);
  });

  it.each([
    ['empty', 0],
    ['cut in its header', 20],
    ['cut before its snapshot', 48],
    ['cut in its snapshot', 90],
  ])('%s: damage, as CURRENT names whole ones only', async (_, sizeBytes) => {
    await build(0);
    await writeFile(MANIFEST, (await readFile(MANIFEST)).subarray(0, sizeBytes));
    await expectDamage({ file: MANIFEST });
  });

  it('half-written under a number that CURRENT does not name: ignored', async () => {
    const { states } = await build(1);
    await writeFile('MANIFEST-000077', (await readFile(MANIFEST)).subarray(0, 70));
    await writeFile('CURRENT.tmp', Buffer.from('MANIF'));
    const set = await recoverSet(fileSystem);
    expect(stateOf(set)).toBe(states[1]);
    await set.apply(edit({}));
    expect(set.takeObsolete().manifests).toContain(77);
    expect(stateOf(await recoverSet(fileSystem))).toBe(states[1]);
  });

  it('of another number than its name', async () => {
    await build(1);
    await writeFile('MANIFEST-000007', await readFile(MANIFEST));
    const line = 'MANIFEST-000007\n';
    const checksum = crc32c(Buffer.from(line)).toString(16).padStart(8, '0');
    await writeFile('CURRENT', Buffer.from(`${line}crc32c ${checksum}\n`));
    await expectDamage({ file: 'MANIFEST-000007', offsetBytes: 0 });
  });

  it('of a newer format version', async () => {
    await build(0);
    const header = new Uint8Array(24);
    writeUint32(header, 0, 2);
    await replaceManifest([SNAPSHOT], header);
    await expect(recoverSet(fileSystem)).rejects.toMatchObject({ code: 'STEME_UNSUPPORTED' });
  });

  it('of another key order', async () => {
    await build(0);
    await replaceManifest([{ ...SNAPSHOT, comparatorName: 'reverse' }]);
    await expect(recoverSet(fileSystem)).rejects.toMatchObject({ code: 'STEME_UNSUPPORTED' });
  });

  it.each<[string, VersionEdit[]]>([
    ['an edit before the snapshot', [edit({})]],
    ['a second snapshot', [SNAPSHOT, SNAPSHOT]],
    ['a snapshot without a comparator', [{ ...SNAPSHOT, comparatorName: undefined }]],
    ['a snapshot without a log number', [{ ...SNAPSHOT, logNumber: undefined }]],
    ['a snapshot without a next file number', [{ ...SNAPSHOT, nextFileNumber: undefined }]],
    ['a snapshot without a last sequence', [{ ...SNAPSHOT, lastSequence: undefined }]],
    ['a snapshot of another database', [{ ...SNAPSHOT, databaseId: 1 }]],
    ['an edit of another database', [SNAPSHOT, edit({ databaseId: 1 })]],
    ['a log number that goes back', [SNAPSHOT, edit({ logNumber: 0 })]],
    ['a table added twice', [SNAPSHOT, added(0, table(7, 'a', 'b')), added(1, table(7, 'a', 'b'))]],
    ['a deletion of no table', [SNAPSHOT, edit({ deletedTables: [{ level: 0, number: 7 }] })]],
    ['tables that overlap', [SNAPSHOT, added(1, table(7, 'a', 'c'), table(8, 'b', 'd'))]],
  ])('with good checksums and %s: damage', async (_, edits) => {
    await build(0);
    await replaceManifest(edits);
    await expectDamage({ file: MANIFEST });
  });
});

describe('recovery finds a table', () => {
  it('there with its size: all is well', async () => {
    await build(1);
    const set = await recoverSet(fileSystem);
    const [{ number, fileBytes }] = set.current.tables();
    await writeFile(`00000${number}.sst`, new Uint8Array(fileBytes));
    await set.verifyTables();
  });

  it('missing', async () => {
    await build(1);
    const set = await recoverSet(fileSystem);
    const [{ number, fileBytes }] = set.current.tables();
    const damage = { file: `00000${number}.sst`, expected: `a table of ${fileBytes} bytes`, found: 'no file' };
    await expect(set.verifyTables()).rejects.toMatchObject({ code: 'STEME_CORRUPTION', damage });
  });

  it('with another size', async () => {
    await build(1);
    const set = await recoverSet(fileSystem);
    const [{ number, fileBytes }] = set.current.tables();
    await writeFile(`00000${number}.sst`, new Uint8Array(fileBytes - 1));
    const damage = { expected: `a table of ${fileBytes} bytes`, found: `${fileBytes - 1} bytes` };
    await expect(set.verifyTables()).rejects.toMatchObject({ code: 'STEME_CORRUPTION', damage });
  });
});
