import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { mmapUnavailableReason } from '../../src/fs/real-mmap.js';
import { startSourceWorker } from './source-worker.js';

const PROJECT = new URL('../../', import.meta.url);

let directory: string;
let path: string;
const content = new Prng(5).fill(new Uint8Array(3 * 4096 + 123));

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
  path = join(directory, 'table');
  const handle = await realFileSystem.open(path, 'create');
  await handle.write(content, 0);
  await handle.close();
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('mapping a file', () => {
  it('gives the bytes that reading gives, or the reason why there is no mapping', async () => {
    const mapping = realFileSystem.mapSync(path);
    if (mapping === undefined) {
      expect(mmapUnavailableReason()).toContain('mmap-io cannot be loaded');
      return;
    }
    expect(mmapUnavailableReason()).toBeUndefined();
    const handle = await realFileSystem.open(path, 'read');
    const read = new Uint8Array(content.length);
    handle.readSync(read, 0);
    await handle.close();
    expect(Buffer.compare(mapping.bytes, read)).toBe(0);
    expect(Buffer.compare(read, content)).toBe(0);
  });

  it('outlives the name of the file', async () => {
    const mapping = realFileSystem.mapSync(path);
    await realFileSystem.remove(path);
    if (mapping !== undefined) expect(Buffer.compare(mapping.bytes, content)).toBe(0);
    expect(await realFileSystem.exists(path)).toBe(false);
  });

  it('works in a worker thread exactly where it works here', async () => {
    const source = `
      const { realFileSystem } = await import(${JSON.stringify(new URL('src/fs/real-file-system.ts', PROJECT).href)});
      const mapping = realFileSystem.mapSync(${JSON.stringify(path)});
      parentPort.postMessage(mapping && Buffer.from(mapping.bytes).toString('base64'));`;
    const worker = startSourceWorker(source);
    const [found] = await once(worker, 'message');
    await worker.terminate();
    const expected = mmapUnavailableReason() === undefined ? Buffer.from(content).toString('base64') : undefined;
    expect(found).toBe(expected);
  });

  it('is not to be had where the addon is missing, and says why', async () => {
    const source = `
      import Module from 'node:module';
      const load = Module._load;
      Module._load = (id, ...rest) => {
        if (id.startsWith('mmap-io')) throw new Error('not installed here');
        return load(id, ...rest);
      };
      const { mapFile, mmapUnavailableReason } = await import(${JSON.stringify(new URL('src/fs/real-mmap.ts', PROJECT).href)});
      parentPort.postMessage([mapFile(${JSON.stringify(path)}), mmapUnavailableReason()]);`;
    const worker = startSourceWorker(source);
    const [answer] = await once(worker, 'message');
    await worker.terminate();
    expect(answer).toEqual([undefined, 'mmap-io cannot be loaded: not installed here']);
  });
});
