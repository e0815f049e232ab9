import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BenchEngine, OpenEngine } from '../../../native-bench/peers/bench-engine.js';
import { openClassicLevel, openClassicLevelGrouped } from '../../../native-bench/peers/classic-level-engine.js';
import { CHECKS } from '../../../native-bench/peers/conformance.js';
import { stemeDbOpener } from '../../../native-bench/peers/stemedb-engine.js';
import * as engine from '../../../src/index.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
});
afterEach(() => rm(directory, { recursive: true }));

const openStemeDb = stemeDbOpener(() => Promise.resolve(engine));
// The others are installed on demand: native-bench/peers/check.ts runs the same on them.
const ENGINES: readonly (readonly [string, OpenEngine])[] = [
  ['stemedb', openStemeDb],
  ['classic-level', openClassicLevel],
  ['classic-level-grouped', openClassicLevelGrouped],
];

describe.each(ENGINES)('%s does what its figures are said to be of', (_name, open) => {
  it.each(Object.keys(CHECKS))('%s', async (check) => {
    await CHECKS[check](open, join(directory, 'check.db'));
  });
});

/** An adapter with one method replaced. */
function faulty(fault: (sound: BenchEngine) => Partial<BenchEngine>): OpenEngine {
  return async (at) => {
    const sound = await openClassicLevel(at);
    const replaced = fault(sound);
    return new Proxy(sound, {
      get(target, name) {
        const own: unknown = Reflect.get(replaced, name) ?? Reflect.get(target, name);
        return typeof own === 'function' ? own.bind(target) : own;
      },
    });
  };
}

async function verdict(check: string, open: OpenEngine): Promise<string> {
  return CHECKS[check](open, join(directory, 'check.db')).then(
    () => 'passed',
    (error: Error) => error.message.split('\n')[0],
  );
}

describe('the checks themselves', () => {
  it('find a scan that starts one row late', async () => {
    const open = faulty((sound) => ({
      scan: ({ from, ...options }) => sound.scan({ ...options, from: from && Buffer.concat([from, Buffer.alloc(1)]) }),
    }));
    expect(await verdict('scans both ways', open)).not.toBe('passed');
  });

  it('find values that are handed out as views of one buffer', async () => {
    const shared = Buffer.alloc(65_536);
    const open = faulty((sound) => ({
      getSync: (key) => {
        const value = sound.getSync?.(key);
        return value && shared.subarray(0, value.copy(shared));
      },
    }));
    expect(await verdict('values that are kept', open)).not.toBe('passed');
  });

  it('find many keys that are answered in another order', async () => {
    const open = faulty((sound) => ({ getMany: async (keys) => (await sound.getMany(keys)).toReversed() }));
    expect(await verdict('point reads', open)).not.toBe('passed');
  });

  it('find an acknowledged write that is not there yet', async () => {
    const open = faulty((sound) => ({
      putDurable: async (key, value) => {
        setImmediate(() => void sound.put(key, value).catch(() => undefined));
      },
    }));
    expect(await verdict('durable writers', open)).not.toBe('passed');
  });
});
