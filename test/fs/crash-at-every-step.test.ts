import { describe, expect, it } from 'vitest';
import { crashAtEveryStep } from '../../src/fs/crash-at-every-step.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';

/** A file of a byte, and then its name, made durable; then another one that is not. */
async function workload(disk: FileSystem): Promise<void> {
  const file = await disk.open('/a', 'create');
  await file.write(Uint8Array.of(1), 0);
  await file.datasync();
  await file.close();
  await disk.syncDirectory('/');
  await (await disk.open('/b', 'create')).close();
}

const nothing = { workload, observe: () => undefined };

describe('a workload that is crashed at every step', () => {
  it('is crashed before and after each sync, and at the end, with what was observed then', async () => {
    let step = 'none';
    const seen: string[] = [];
    const { crashCount, momentCount } = await crashAtEveryStep(new MemoryFileSystem(), {
      kind: 'kill',
      async workload(disk) {
        await workload(disk);
        step = 'all';
      },
      observe: () => step,
      async check(survivor, observed, { kind, moment }) {
        seen.push(`${kind} ${moment}: ${observed}, ${await survivor.list('/')}`);
      },
    });
    expect(seen).toEqual([
      'kill before datasync /a: none, a',
      'kill after datasync /a: none, a',
      'kill before syncDirectory /: none, a',
      'kill after syncDirectory /: none, a',
      'kill at the end: all, a,b',
    ]);
    expect({ crashCount, momentCount }).toEqual({ crashCount: 5, momentCount: 5 });
  });

  it('loses by a power loss what was not synced, for some seed, and never what was', async () => {
    const names = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      await crashAtEveryStep(new MemoryFileSystem(), {
        ...nothing,
        kind: 'power loss',
        seed,
        async check(survivor, _, { moment }) {
          const list = await survivor.list('/');
          if (moment !== 'at the end') return;
          names.add(list.join());
          expect(await survivor.statBytes('/a')).toBe(1);
        },
      });
    }
    expect([...names].sort()).toEqual(['a', 'a,b']);
  });

  it('is crashed in both ways by turns, and at other steps when asked to', async () => {
    const seen: string[] = [];
    const plan = {
      ...nothing,
      steps: new Set(['write'] as const),
      check: async (_: unknown, __: unknown, { kind, moment }: { kind: string; moment: string }) => {
        seen.push(`${kind} ${moment}`);
      },
    };
    await crashAtEveryStep(new MemoryFileSystem(), plan);
    expect(seen).toEqual(['power loss before write /a', 'kill after write /a', 'power loss at the end']);
  });

  it('has a seeded choice checked where there are more moments than may be kept', async () => {
    const momentsOf = async (seed: number): Promise<string[]> => {
      const seen: string[] = [];
      const report = await crashAtEveryStep(new MemoryFileSystem(), {
        ...nothing,
        crashesMax: 2,
        seed,
        check: async (_, __, { moment }) => void seen.push(moment),
      });
      expect(report).toEqual({ crashCount: 2, momentCount: 5 });
      return seen;
    };
    expect(await momentsOf(3)).toEqual(await momentsOf(3));
    const choices = new Set<string>();
    for (let seed = 1; seed <= 30; seed++) choices.add((await momentsOf(seed)).join());
    expect(choices.size).toBeGreaterThan(3);
  });

  it('says when it crashed and with which seed where a check throws', async () => {
    const cause = new Error('money was lost');
    const run = crashAtEveryStep(new MemoryFileSystem(), {
      ...nothing,
      seed: 9,
      check: () => Promise.reject(cause),
    });
    await expect(run).rejects.toThrow('after a power loss before datasync /a (seed 9): money was lost');
    await expect(run).rejects.toHaveProperty('cause', cause);
  });

  it('is not checked where it fails itself', async () => {
    const plan = {
      ...nothing,
      workload: () => Promise.reject(new Error('no')),
      check: () => Promise.reject(new Error('checked')),
    };
    await expect(crashAtEveryStep(new MemoryFileSystem(), plan)).rejects.toThrow('no');
  });
});
