import { describe, expect, it } from 'vitest';
import type { FileSystem } from '../../src/fs/file-system.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { VersionSet } from '../../src/version/version-set.js';
import { createSet, DIRECTORY, flushEdit, type Progress, recoverSet, runScenario, stateOf } from './scenario.js';

const SEED_MAX = 20;
const NO_DATABASE = 'no database';

/** A machine that stopped, and how far the scenario had come. */
interface Crash {
  readonly seed: number;
  readonly operation: string;
  readonly disk: MemoryFileSystem;
  readonly returnedCount: number;
  readonly isUnderWay: boolean;
}

/** Runs the scenario on `disk`, seen through `view`, and stops a copy of the machine before every operation, once a seed. */
async function crashEverywhere(
  view: (disk: FileSystem) => FileSystem,
): Promise<{ crashes: Crash[]; states: string[] }> {
  const disk = new MemoryFileSystem();
  await disk.makeDirectory(DIRECTORY);
  await disk.syncDirectory('/');
  const progress: Progress = { states: [NO_DATABASE], isUnderWay: false };
  const crashes: Crash[] = [];
  const crash = (operation: string) => {
    const { states, isUnderWay } = progress;
    for (let seed = 1; seed <= SEED_MAX; seed++) {
      crashes.push({ seed, operation, disk: disk.crashClone(seed), returnedCount: states.length, isUnderWay });
    }
  };
  const watched = interceptFileSystem(view(disk), ({ kind, path }) => crash(`${kind} ${path}`));
  await runScenario(watched, progress);
  crash('the end');
  return { crashes, states: progress.states };
}

async function foundOn(disk: FileSystem): Promise<string> {
  if (!(await VersionSet.exists(disk, DIRECTORY))) return NO_DATABASE;
  return stateOf(await recoverSet(disk));
}

/** What is wrong with the state found after the crash, or undefined. */
async function faultOf(crash: Crash, states: readonly string[]): Promise<string | undefined> {
  const { seed, operation, disk, returnedCount, isUnderWay } = crash;
  const allowed = states.slice(returnedCount - 1, isUnderWay ? returnedCount + 1 : returnedCount);
  const found = await foundOn(disk).catch((error: unknown) => String(error));
  if (allowed.includes(found)) return undefined;
  return `seed ${seed}, before ${operation}: found ${found}, allowed ${allowed.join(' or ')}`;
}

async function faultsOf({ crashes, states }: { crashes: Crash[]; states: string[] }): Promise<string[]> {
  const faults: string[] = [];
  for (const crash of crashes) {
    const fault = await faultOf(crash, states);
    if (fault !== undefined) faults.push(fault);
  }
  return faults;
}

describe('a crash of the machine', () => {
  it('at any operation leaves the state before or after the edit under way, and loses none that returned', async () => {
    const run = await crashEverywhere((disk) => disk);
    const switches = run.crashes.filter(({ seed, operation }) => seed === 1 && operation.startsWith('rename'));
    expect(run.states.length).toBe(14);
    expect(switches.length).toBeGreaterThan(3);
    expect(await faultsOf(run)).toEqual([]);
  });

  it('is recovered from to the same state again and again, and the database goes on from there', async () => {
    const { crashes } = await crashEverywhere((disk) => disk);
    for (const { seed, disk } of crashes.filter((_, index) => index % 7 === 0)) {
      const found = await foundOn(disk);
      expect(await foundOn(disk.crashClone(seed + 1000))).toBe(found);
      const set = found === NO_DATABASE ? await createSet(disk) : await recoverSet(disk);
      await set.apply(flushEdit(set));
      expect(await foundOn(disk.crashClone(seed + 2000))).toBe(stateOf(set));
    }
  });

  it.each(['datasync', 'syncDirectory'])('would be seen to lose edits if %s did nothing', async (kind) => {
    const run = await crashEverywhere((disk) => withoutEffect(disk, kind));
    expect((await faultsOf(run)).length).toBeGreaterThan(0);
  });
});

/** The canary: a disk that says it is done and is not. */
function withoutEffect(disk: FileSystem, kind: string): FileSystem {
  return new Proxy(disk, {
    get(target, name) {
      if (name === kind) return async () => undefined;
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]) => {
        const result: unknown = Reflect.apply(member, target, given);
        return name === 'open' && result instanceof Promise ? result.then((file) => deaf(file, kind)) : result;
      };
    },
  });
}

function deaf<T extends object>(file: T, kind: string): T {
  return new Proxy(file, {
    get(target, name) {
      if (name === kind) return async () => undefined;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
