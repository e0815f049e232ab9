import { describe, expect, it } from 'vitest';
import { systemCodeOf } from '../../src/base/errors.js';
import { LOG_FRAME_PAYLOAD_BYTES_MAX } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { TracingFileSystem } from '../../src/fs/tracing-file-system.js';
import { FRAME_FIRST, FRAME_FULL, FRAME_HEADER, FRAME_LAST, FRAME_MIDDLE } from '../../src/log/log-format.js';
import { LogWriter } from '../../src/log/log-writer.js';
import { eventsOf, frameOf, IDENTITY, memoryWith, PATH, readFile, textsOf } from './log-bytes.js';

const header = Buffer.from('header');

function create(fileSystem: FileSystem): Promise<LogWriter> {
  return LogWriter.create(fileSystem, PATH, { identity: IDENTITY, header });
}

describe('LogWriter', () => {
  it('writes the frames that the format describes', async () => {
    const fileSystem = await memoryWith({});
    const writer = await create(fileSystem);
    await writer.append(Buffer.from('one'));
    await writer.append(new Uint8Array(0));
    const expected = Buffer.concat([
      frameOf({ payload: 'header', ordinal: 0, type: FRAME_HEADER }),
      frameOf({ payload: 'one', ordinal: 1 }),
      frameOf({ payload: '', ordinal: 2 }),
    ]);
    expect(readFile(fileSystem, PATH)).toEqual(expected);
    expect(writer.sizeBytes).toBe(expected.length);
    await writer.close();
  });

  it('marks each frame with the number of frames that were durable when it was written', async () => {
    const fileSystem = await memoryWith({});
    const writer = await create(fileSystem);
    await writer.append(Buffer.from('one'));
    await writer.sync();
    await writer.append(Buffer.from('two'));
    await writer.append(Buffer.from('three'));
    await writer.sync();
    await writer.append(Buffer.from('four'));
    await writer.close();
    const marks = (await eventsOf(fileSystem)).map((event) =>
      event.kind === 'record' ? event.durableMark : event.kind,
    );
    expect(marks).toEqual([0, 0, 2, 2, 4, 'end']);
  });

  it('cuts a record that is larger than a frame', async () => {
    const fileSystem = await memoryWith({});
    const writer = await create(fileSystem);
    const payload = new Prng(3).fill(new Uint8Array(2 * LOG_FRAME_PAYLOAD_BYTES_MAX + 5));
    await writer.append(payload);
    await writer.append(payload.subarray(0, LOG_FRAME_PAYLOAD_BYTES_MAX));
    await writer.close();
    const max = LOG_FRAME_PAYLOAD_BYTES_MAX;
    const expected = Buffer.concat([
      frameOf({ payload: header, ordinal: 0, type: FRAME_HEADER }),
      frameOf({ payload: payload.subarray(0, max), ordinal: 1, type: FRAME_FIRST }),
      frameOf({ payload: payload.subarray(max, 2 * max), ordinal: 2, type: FRAME_MIDDLE }),
      frameOf({ payload: payload.subarray(2 * max), ordinal: 3, type: FRAME_LAST }),
      frameOf({ payload: payload.subarray(0, max), ordinal: 4, type: FRAME_FULL }),
    ]);
    expect(Buffer.compare(readFile(fileSystem, PATH), expected)).toBe(0);
  });

  it('keeps the order of calls that do not wait for each other', async () => {
    const fileSystem = await memoryWith({});
    const writer = await create(fileSystem);
    const texts = Array.from({ length: 20 }, (_, i) => `record ${i}`);
    await Promise.all(texts.flatMap((text) => [writer.append(Buffer.from(text)), writer.sync()]));
    await writer.close();
    expect(textsOf(await eventsOf(fileSystem))).toEqual(['header', ...texts]);
  });

  it('keeps everything that was synced through any crash, and never invents', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const fileSystem = await memoryWith({});
      const writer = await create(fileSystem);
      await fileSystem.syncDirectory('/db');
      await writer.append(Buffer.from('synced'));
      await writer.sync();
      const unsynced = ['one', 'two'.repeat(500), 'three'];
      for (const text of unsynced) await writer.append(Buffer.from(text));
      const crashed = fileSystem.crashClone(seed);
      await writer.close();
      const texts = textsOf(await eventsOf(crashed));
      expect(texts.slice(0, 2)).toEqual(['header', 'synced']);
      expect(texts.slice(2)).toEqual(unsynced.slice(0, texts.length - 2));
    }
  });

  it('waits with close for what was asked before', async () => {
    const fileSystem = await memoryWith({});
    const writer = await create(fileSystem);
    const appended = writer.append(Buffer.from('one'));
    await writer.close();
    await appended;
    expect(textsOf(await eventsOf(fileSystem))).toEqual(['header', 'one']);
  });

  it('refuses a header that is not small, before anything is written', async () => {
    const fileSystem = await memoryWith({});
    const options = { identity: IDENTITY, header: new Uint8Array(5000) };
    await expect(LogWriter.create(fileSystem, PATH, options)).rejects.toThrow(/a log header is small/);
    expect(await fileSystem.exists(PATH)).toBe(false);
  });
});

// law 7
describe('LogWriter after a failure', () => {
  it.each([
    ['a write', { kind: 'write', nth: 3, error: 'ENOSPC' }],
    ['a write that got half-way', { kind: 'write', nth: 3, error: 'ENOSPC', effect: 'short-write' }],
    ['a sync', { kind: 'datasync', nth: 1, error: 'ENOSPC' }],
  ] as const)('of %s meets every later call with the first error and touches the file no more', async (_name, rule) => {
    const memory = await memoryWith({});
    const fileSystem = new FaultyFileSystem(memory, [rule]);
    const writer = await create(fileSystem);
    await writer.append(Buffer.from('one'));
    const attempt = rule.kind === 'write' ? writer.append(Buffer.from('two')) : writer.sync();
    const first: unknown = await attempt.catch((error: unknown) => error);
    expect(systemCodeOf(first)).toBe('ENOSPC');
    expect(fileSystem.injected).toHaveLength(1);
    const bytes = readFile(memory, PATH);
    await expect(writer.append(Buffer.from('three'))).rejects.toBe(first);
    await expect(writer.sync()).rejects.toBe(first);
    await writer.close();
    expect(readFile(memory, PATH)).toEqual(bytes);
    expect(textsOf(await eventsOf(memory))).toEqual(['header', 'one']);
  });

  it('also refuses what was queued behind the failing call', async () => {
    const fileSystem = new FaultyFileSystem(await memoryWith({}), [{ kind: 'write', nth: 2 }]);
    const writer = await create(fileSystem);
    const results = await Promise.allSettled([
      writer.append(Buffer.from('one')),
      writer.append(Buffer.from('two')),
      writer.sync(),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await writer.close();
  });

  it('of its header leaves no handle open', async () => {
    const faulty = new FaultyFileSystem(await memoryWith({}), [{ kind: 'write', nth: 1 }]);
    const fileSystem = new TracingFileSystem(faulty, '/db');
    await expect(create(fileSystem)).rejects.toMatchObject({ code: 'STEME_IO' });
    expect(fileSystem.lines).toEqual(['open log create', 'write log 0+40', 'close log']);
  });
});
