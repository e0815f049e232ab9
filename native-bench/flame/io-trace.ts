/** Traced file operations, made stacks and a table. Pure. */
import { parseFileName } from '../../src/base/file-names.js';
import { formatWeight } from '../../src/profile/flame-text.js';
import { type Frame, type FramePaths, jsFrame, nativeFrame } from '../../src/profile/frame.js';
import { phaseOf } from '../../src/profile/phase.js';
import type { WeightedStack } from '../../src/profile/stack-profile.js';
import { SampleSet } from '../support/samples.js';
import { formatCount } from '../support/text-table.js';
import type { MeasuredWindow } from './flame-task.js';

export type TracedFrame = readonly [functionName: string, url: string, line: number];

/** One line of a trace. */
export interface TracedCall {
  readonly operation: string;
  /** Of the file, without its directory. */
  readonly name: string;
  readonly atNs: number;
  /** Of an asynchronous call, with its waiting for a thread. */
  readonly us: number;
  readonly bytes: number;
  /** From the innermost on. */
  readonly frames: readonly TracedFrame[];
}

export function isWithin({ atNs }: TracedCall, { startNs, endNs }: MeasuredWindow): boolean {
  return atNs >= startNs && atNs <= endNs;
}

/** Below its phase: the operation, the kind of file, then the JavaScript that asked for it. */
export function stackOfCall(call: TracedCall, measure: 'time' | 'bytes', paths: FramePaths): WeightedStack {
  const callers = framesOf(call, paths);
  const frames = [nativeFrame(call.operation), nativeFrame(`${fileKind(call.name)} files`), ...callers];
  return { frames, weight: measure === 'time' ? call.us : call.bytes };
}

function framesOf({ frames }: TracedCall, paths: FramePaths): Frame[] {
  return frames.map(([name, url, line]) => jsFrame(name, url, line, paths)).reverse();
}

export function fileKind(name: string): string {
  const file = parseFileName(name);
  if (file === undefined) return name.includes('.') ? 'other' : 'directory';
  // A spare segment is filled with zeroes under its later name's number.
  return file.kind === 'recycled' ? 'log' : file.kind;
}

const HEADING = ['phase', 'operation', 'file', 'calls', 'bytes', 'time', 'p50', 'p99', 'max'];

/** One row for each phase, operation and kind of file, the longest first. */
export function ioTable(calls: readonly TracedCall[], paths: FramePaths): string[][] {
  const rows = new Map<string, { words: string[]; us: number; bytes: number; latencies: SampleSet }>();
  for (const call of calls) {
    const words = [phaseOf(framesOf(call, paths)), call.operation, fileKind(call.name)];
    const key = words.join(' ');
    const row = rows.get(key) ?? { words, us: 0, bytes: 0, latencies: new SampleSet() };
    rows.set(key, row);
    row.us += call.us;
    row.bytes += call.bytes;
    row.latencies.add(call.us);
  }
  const sorted = [...rows.values()].sort((a, b) => b.us - a.us);
  const time = (us: number): string => formatWeight(us, 'us');
  return [
    HEADING,
    ...sorted.map(({ words, us, bytes, latencies }) => [
      ...words,
      formatCount(latencies.count),
      formatWeight(bytes, 'bytes'),
      time(us),
      time(latencies.quantile(0.5)),
      time(latencies.quantile(0.99)),
      time(latencies.max),
    ]),
  ];
}
