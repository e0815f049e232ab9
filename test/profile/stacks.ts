import { type Frame, nativeFrame } from '../../src/profile/frame.js';
import type { StackProfile, WeightedStack } from '../../src/profile/stack-profile.js';

/** `name@src/…` is the engine's, `name@node:…` Node's, `name@package/…` of node_modules, `name@file` the program's, `name` native. */
export function stack(text: string): Frame[] {
  return text.split(' > ').map(frame);
}

function frame(text: string): Frame {
  const [name, place] = text.split('@');
  if (name === 'GC') return { name: '(garbage collector)', origin: 'collector', file: '', line: 0 };
  if (place === undefined) return nativeFrame(name);
  const [file, line = '0'] = place.split('#');
  return { name, file, line: Number(line), origin: originOf(file) };
}

function originOf(file: string): Frame['origin'] {
  if (/^(?:src|workers)\//.test(file)) return 'engine';
  if (file.startsWith('node:')) return 'node';
  return file.includes('/') ? 'package' : 'program';
}

export function weighted(text: string, weight: number): WeightedStack {
  return { frames: stack(text), weight };
}

export function profileOf(
  threads: Readonly<Record<string, readonly WeightedStack[]>>,
  fields: Partial<StackProfile> = {},
): StackProfile {
  return {
    kind: 'cpu',
    unit: 'us',
    source: 'V8',
    title: 'test',
    threads: Object.entries(threads).map(([name, stacks]) => ({ name, stacks, waitingWeight: 0 })),
    ...fields,
  };
}
