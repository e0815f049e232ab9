import { describe, expect, it } from 'vitest';
import type { FileOperation } from '../../src/fs/file-operation.js';
import { InterceptedFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';

describe('an intercepted file system with a hold', () => {
  it('starts what is let go first, whatever was asked for first', async () => {
    const held = new Map<string, () => void>();
    const started: string[] = [];
    const fileSystem = new InterceptedFileSystem(new MemoryFileSystem(), {
      hold: ({ kind, path }) => new Promise((release) => held.set(`${kind} ${path}`, release)),
      before: ({ kind, path }: FileOperation) => {
        started.push(`${kind} ${path}`);
      },
    });
    const handle = fileSystem.openSync('/file', 'create');
    const calls = [
      handle.write(new Uint8Array(8), 0),
      handle.datasync(),
      fileSystem.syncDirectory('/'),
      handle.close(),
    ];
    expect(started).toEqual(['open /file']);
    const order = ['syncDirectory /', 'datasync /file', 'write /file', 'close /file'];
    for (const [i, operation] of order.entries()) {
      held.get(operation)?.();
      await new Promise(setImmediate);
      expect(started.slice(1)).toEqual(order.slice(0, i + 1));
    }
    await Promise.all(calls);
  });

  it('does not hold the synchronous half', () => {
    const fileSystem = new InterceptedFileSystem(new MemoryFileSystem(), {
      hold: () => Promise.reject(new Error('held')),
      before: () => undefined,
    });
    const handle = fileSystem.openSync('/file', 'create');
    handle.writeSync(new Uint8Array(8), 0);
    handle.datasyncSync();
    fileSystem.syncDirectorySync('/');
    expect(handle.sizeBytesSync()).toBe(8);
  });
});
