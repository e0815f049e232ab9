import { describe, expect, it } from 'vitest';
import { CorruptionError, StemeError } from '../../src/base/errors.js';
import { KEY_BYTES_MAX } from '../../src/base/limits.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { toLevelError } from '../../src/level/level-error.js';
import { LevelError } from '../../src/level.js';
import { code, filesOf, flipBit, openOn } from '../support/test-database.js';
import { MemoryLevel } from './memory-level.js';

/** A refused open: `cause` is Level's error, and its cause the engine's. */
function refusal(levelCode: string, engineCode: string): object {
  return {
    code: 'LEVEL_DATABASE_NOT_OPEN',
    cause: { code: levelCode, cause: { code: engineCode } },
  };
}

describe('an open is refused', () => {
  it('of a database that is open already', async () => {
    const fileSystem = new MemoryFileSystem();
    await using first = new MemoryLevel({}, { fileSystem });
    await first.open();
    await using second = new MemoryLevel({}, { fileSystem });
    await expect(second.open()).rejects.toMatchObject(refusal('LEVEL_LOCKED', 'STEME_LOCKED'));
  });

  it('of one that is not there, or there', async () => {
    const fileSystem = new MemoryFileSystem();
    await using db = new MemoryLevel({}, { fileSystem });
    const missing = refusal('STEME_NOT_FOUND', 'STEME_NOT_FOUND');
    await expect(db.open({ createIfMissing: false })).rejects.toMatchObject(missing);
    await db.open();
    await db.close();
    await expect(db.open({ errorIfExists: true })).rejects.toMatchObject(refusal('STEME_EXISTS', 'STEME_EXISTS'));
    await db.open();
    expect(db.status).toBe('open');
  });

  it('of one whose manifest is damaged', async () => {
    const fileSystem = new MemoryFileSystem();
    const db = new MemoryLevel({}, { fileSystem });
    await db.put('a', '1');
    await db.close();
    const [manifest] = (await filesOf(fileSystem)).filter((name) => name.startsWith('MANIFEST'));
    await flipBit(fileSystem, manifest, 20);
    await expect(db.open()).rejects.toMatchObject(refusal('LEVEL_CORRUPTION', 'STEME_CORRUPTION'));
  });

  it('of one that the disk does not give', async () => {
    const fileSystem = new FaultyFileSystem(new MemoryFileSystem(), [{ nth: 1, times: 1000, error: 'EACCES' }]);
    await using db = new MemoryLevel({}, { fileSystem });
    await expect(db.open()).rejects.toMatchObject(refusal('LEVEL_IO_ERROR', 'STEME_IO'));
  });
});

describe('an error of the engine', () => {
  it.each<[engine: StemeError, levelCode: string]>([
    [new StemeError('STEME_ABORTED', 'm'), 'LEVEL_ABORTED'],
    [new StemeError('STEME_BACKGROUND', 'm'), 'LEVEL_IO_ERROR'],
    [new StemeError('STEME_CLOSED', 'm'), 'LEVEL_DATABASE_NOT_OPEN'],
    [new CorruptionError({ file: 'f', offsetBytes: 1, expected: 'x', found: 'y' }), 'LEVEL_CORRUPTION'],
    [new StemeError('STEME_IO', 'm'), 'LEVEL_IO_ERROR'],
    [new StemeError('STEME_READ_ONLY', 'm'), 'STEME_READ_ONLY'],
    [new StemeError('STEME_BUSY', 'm'), 'STEME_BUSY'],
  ])('$code keeps its message and is the cause', (engine, levelCode) => {
    const error = toLevelError(engine);
    expect(error).toBeInstanceOf(LevelError);
    expect(error).toMatchObject({ code: levelCode, message: engine.message, cause: engine });
  });

  it('that ends a call is named as everywhere on the web', () => {
    expect(toLevelError(new StemeError('STEME_ABORTED', 'm'))).toMatchObject({ name: 'AbortError' });
  });

  it('leaves others alone', () => {
    const other = new TypeError('no');
    expect(toLevelError(other)).toBe(other);
  });

  it('comes out of every method by its name in Level', async () => {
    await using db = new MemoryLevel<Buffer>({ keyEncoding: 'buffer' });
    await db.open();
    const key = Buffer.alloc(KEY_BYTES_MAX + 1, 1);
    const invalid = { code: 'LEVEL_INVALID_KEY', cause: { code: 'STEME_INVALID_KEY' } };
    await expect(db.get(key)).rejects.toMatchObject(invalid);
    await expect(db.getMany([key])).rejects.toMatchObject(invalid);
    await expect(db.has(key)).rejects.toMatchObject(invalid);
    await expect(db.hasMany([key])).rejects.toMatchObject(invalid);
    await expect(db.put(key, '')).rejects.toMatchObject(invalid);
    await expect(db.del(key)).rejects.toMatchObject(invalid);
    await expect(db.batch([{ type: 'del', key }])).rejects.toMatchObject(invalid);
    await expect(db.batch().del(key).write()).rejects.toMatchObject(invalid);
    expect(() => db.getSync(key)).toThrow(code('LEVEL_INVALID_KEY') as Error);
  });
});

it('a database that was written without Level is seen whole', async () => {
  const fileSystem = new MemoryFileSystem();
  const engine = await openOn(fileSystem);
  await engine.put(Uint8Array.of(0), 'zero');
  await engine.put('a', 'letter');
  await engine.close();
  await using db = new MemoryLevel({}, { fileSystem });
  expect(await db.iterator().all()).toEqual([
    ['', 'zero'],
    ['a', 'letter'],
  ]);
});
