import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { ErrorData } from '../../src/base/errors.js';
import {
  assert,
  CorruptionError,
  errorFromData,
  errorToData,
  InvalidOptionsError,
  StemeError,
  systemCodeOf,
} from '../../src/base/errors.js';

const DAMAGE = { file: '000003.sst', offsetBytes: 4096, expected: 'checksum 1', found: 'checksum 2' };

/** What the system throws: an Error with an errno name. */
function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: no luck, write`), { code, errno: -28, syscall: 'write' });
}

/** Through a real port, as a worker would post it. */
function acrossThreads(error: unknown): StemeError {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(errorToData(error));
  const received: { message: ErrorData } | undefined = receiveMessageOnPort(port2);
  port1.close();
  assert(received !== undefined, 'a posted message is there');
  return errorFromData(received.message);
}

describe('an error that crosses threads', () => {
  it('keeps its class, code and message', () => {
    const error = acrossThreads(new StemeError('STEME_UNSUPPORTED', 'format 9 is newer than this package'));
    expect(error).toBeInstanceOf(StemeError);
    expect(error).toMatchObject({
      name: 'StemeError',
      code: 'STEME_UNSUPPORTED',
      message: 'format 9 is newer than this package',
    });
  });

  it('keeps the damage of a corruption', () => {
    const original = new CorruptionError(DAMAGE);
    const error = acrossThreads(original);
    expect(error).toBeInstanceOf(CorruptionError);
    expect(error).toMatchObject({
      name: 'CorruptionError',
      code: 'STEME_CORRUPTION',
      damage: DAMAGE,
      message: original.message,
    });
  });

  it('keeps the code of the system at the bottom of its causes', () => {
    const original = new StemeError('STEME_BACKGROUND', 'read-only since a failed sync', {
      cause: new StemeError('STEME_IO', 'sync failed', { cause: systemError('ENOSPC') }),
    });
    const error = acrossThreads(original);
    expect(error.code).toBe('STEME_BACKGROUND');
    expect(systemCodeOf(error)).toBe('ENOSPC');
  });

  it('is an I/O error when the system threw it', () => {
    const error = acrossThreads(systemError('EIO'));
    expect(error).toMatchObject({ code: 'STEME_IO', message: 'EIO: no luck, write' });
    expect(systemCodeOf(error)).toBe('EIO');
  });

  it('loses nothing more on a second crossing', () => {
    for (const original of [
      new CorruptionError(DAMAGE),
      new StemeError('STEME_IO', 'no', { cause: systemError('EROFS') }),
      new StemeError('STEME_CLOSED', 'closed'),
    ]) {
      const once = acrossThreads(original);
      const twice = acrossThreads(once);
      expect(errorToData(twice)).toEqual({ ...errorToData(once), stack: expect.any(String) });
      expect(twice.constructor).toBe(original.constructor);
    }
  });

  it('carries the stack of the thread it came from', () => {
    const original = new StemeError('STEME_IO', 'no');
    expect(acrossThreads(original).cause).toMatchObject({ stack: original.stack });
  });

  it('is a bug of ours when neither the system nor the engine threw it on purpose', () => {
    const broken = new Error('stemedb invariant broken: keys ascend');
    expect(acrossThreads(broken)).toMatchObject({ code: 'STEME_INTERNAL', message: broken.message });
  });

  it('keeps the system code below damage', () => {
    const error = acrossThreads(new CorruptionError(DAMAGE, { cause: systemError('EIO') }));
    expect(systemCodeOf(error)).toBe('EIO');
  });

  it.each([['a string'], [undefined], [null], [42], [{ code: 'ENOSPC' }]])(
    'may be %j, thrown by somebody careless',
    (thrown) => {
      expect(acrossThreads(thrown)).toMatchObject({ code: 'STEME_INTERNAL', message: String(thrown) });
    },
  );
});

describe('errors', () => {
  it('name the file, the place and both sides of damage', () => {
    expect(new CorruptionError(DAMAGE).message).toBe(
      '000003.sst is damaged at byte 4096: expected checksum 1, found checksum 2',
    );
  });

  it('list all problems of the options at once', () => {
    const error = new InvalidOptionsError(['blockBytes is too small', 'threads is not a number']);
    expect(error).toMatchObject({ name: 'InvalidOptionsError', code: 'STEME_INVALID_OPTION', problems: { length: 2 } });
    expect(error.message).toContain('blockBytes is too small; threads is not a number');
  });

  it('may cause each other in a circle', () => {
    const a = new Error('a');
    a.cause = new Error('b', { cause: a });
    expect(systemCodeOf(a)).toBeUndefined();
  });

  it('have no system code unless the system gave one', () => {
    expect(systemCodeOf(new StemeError('STEME_IO', 'no', { cause: new Error('plain') }))).toBeUndefined();
    expect(systemCodeOf({ code: 'ENOSPC' })).toBeUndefined();
    expect(systemCodeOf(undefined)).toBeUndefined();
  });

  it('of a broken invariant are no state of the world', () => {
    expect(() => assert(true, 'fine')).not.toThrow();
    expect(() => assert(false, 'two is one')).toThrow('stemedb invariant broken: two is one');
    try {
      assert(false, 'two is one');
    } catch (error) {
      expect(error).not.toBeInstanceOf(StemeError);
    }
  });
});
