import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { open } from '../../src/index.js';
import { temporaryDirectory } from '../cli/cli-harness.js';
import { steme } from './steme-process.js';

describe('a checkpoint of real files', () => {
  it('shares tables with its database, and another process opens it while that goes on', async () => {
    const directory = await temporaryDirectory();
    const copy = join(directory, 'copies', 'one');
    await using db = await open(join(directory, 'db'), { threads: 1, autoCompact: false });
    await db.put('a', '1'.repeat(5000));
    await db.flush();
    await db.put('b', '2');
    // Two tables, and a blob file for the value of 5,000 bytes.
    expect(await db.checkpoint(copy)).toMatchObject({ fileCount: 3, copiedBytes: 0 });
    await db.put('c', '3');

    const tables = (await readdir(copy)).filter((name) => name.endsWith('.sst'));
    expect(tables.length).toBe(2);
    for (const name of tables) {
      const [shared, original] = await Promise.all([stat(join(copy, name)), stat(join(directory, 'db', name))]);
      expect([shared.ino, shared.nlink]).toEqual([original.ino, 2]);
    }
    expect(await readdir(join(directory, 'copies'))).toEqual(['one']);
    const { exitCode, stdout } = await steme(['scan', '--db', copy, '--keys-only']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'a\nb\n' });
  });
});
