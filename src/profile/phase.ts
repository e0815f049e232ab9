/**
 * What the engine is doing, told from a stack. The innermost code that is the engine's or the program's decides: where it is the
 * program's, as in a callback of the engine, the time is the program's. Where it is the engine's, the outermost of those frames that says
 * something does: a block that a compaction reads belongs to the compaction, and one that `get` reads to the read.
 */
import type { Frame } from './frame.js';

export type PhaseName =
  | 'commit'
  | 'log sync'
  | 'point read'
  | 'scan'
  | 'flush'
  | 'compaction'
  | 'replay'
  | 'verify'
  | 'bulk load'
  | 'start'
  | 'engine'
  | 'program'
  | 'garbage collection'
  | 'compilation'
  | 'runtime';

export interface Phase {
  readonly name: PhaseName;
  readonly meaning: string;
  readonly colour: string;
}

/** In the order of the legend. */
export const PHASES: readonly Phase[] = [
  { name: 'commit', meaning: 'writes: checks, encoding, memtable', colour: '#e8743b' },
  { name: 'log sync', meaning: 'the log: writing and syncing', colour: '#d0355a' },
  { name: 'point read', meaning: 'get, has, getMany', colour: '#2f8fd0' },
  { name: 'scan', meaning: 'iterators', colour: '#35b0c4' },
  { name: 'flush', meaning: 'memtables to tables', colour: '#4aa84e' },
  { name: 'compaction', meaning: 'merges of tables', colour: '#8bb135' },
  { name: 'replay', meaning: 'open: recovery and replay of the log', colour: '#9a6fd0' },
  { name: 'verify', meaning: 'scrub and verification', colour: '#c06fb8' },
  { name: 'bulk load', meaning: 'sorted entries to tables', colour: '#3aa98b' },
  { name: 'start', meaning: 'modules and threads that start', colour: '#b9a0c9' },
  { name: 'engine', meaning: 'the rest of the engine', colour: '#a08560' },
  { name: 'program', meaning: 'code that uses the engine', colour: '#e0bb45' },
  { name: 'garbage collection', meaning: 'of V8', colour: '#97704c' },
  { name: 'compilation', meaning: 'of V8', colour: '#8d8d6b' },
  { name: 'runtime', meaning: 'Node and V8', colour: '#9aa3ad' },
];

interface Rule {
  /** Of a module below `src/`, without its ending. */
  readonly module: RegExp;
  readonly functions?: RegExp;
  readonly phase: PhaseName;
}

/** The first that fits. A module in none of them is shared, and says nothing. */
const RULES: readonly Rule[] = [
  { module: /^jobs\/flush-job$|^engine\/flush-/, phase: 'flush' },
  {
    module: /^jobs\/(?:compaction|block-copier|version-filter|grandparent|deeper|remaining|snapshot-stripes)/,
    phase: 'compaction',
  },
  { module: /^compaction\/|^engine\/compaction-/, phase: 'compaction' },
  { module: /^jobs\/bulk-|^engine\/bulk-/, phase: 'bulk load' },
  { module: /^jobs\/verify-|^engine\/(?:verify|scrub)|^table\/verify-/, phase: 'verify' },
  { module: /^jobs\/replay-|^wal\/wal-replay$|^engine\/(?:replay|recovery|open-engine|resumption)/, phase: 'replay' },
  { module: /^memtable\/deferred-inserts$/, phase: 'replay' },
  { module: /^engine\/database-reads$/, functions: /^iterator/, phase: 'scan' },
  { module: /^engine\/(?:entry-iterator|open-iterators|iterator-hold|transaction-iterator)$/, phase: 'scan' },
  { module: /^engine\/(?:database-reads|read-around)$|^read\/point-lookup$/, phase: 'point read' },
  { module: /^engine\/steme-database$/, functions: /^(?:get|getSync|getMany|has|hasSync)$/, phase: 'point read' },
  {
    module: /^engine\/steme-database$/,
    functions: /^(?:put|del|batch|deleteRange|putIfAbsent|compareAndSet|transaction)$/,
    phase: 'commit',
  },
  {
    module: /^engine\/(?:database-writes|commit-pipeline|write-|check-writes|transaction|conflict-|stall-|user-bytes)/,
    phase: 'commit',
  },
  { module: /^wal\/wal-writer$/, functions: /^(?:tryReserve|append|commit|appendLarge)$/, phase: 'commit' },
  { module: /^wal\//, phase: 'log sync' },
];

/** Native threads of the process do work of the engine too: its log is written and synced by libuv's. */
const NATIVE_RULES: readonly { readonly symbol: RegExp; readonly phase: PhaseName }[] = [
  { symbol: /(?:fdatasync|fsync|pwrite|vfs_write|uv__fs_write)/, phase: 'log sync' },
  {
    symbol: /(?:Scaveng|MarkCompact|ConcurrentMark|MarkingVisitor|Sweeper|::Heap::|GCTracer|ArrayBufferSweep)/,
    phase: 'garbage collection',
  },
  {
    symbol: /(?:compiler::|OptimizingCompile|Sparkplug|BaselineCompiler|BaselineBatch|Maglev|Turbofan|TurboFan)/,
    phase: 'compilation',
  },
];

const LOG_FILE_MODULE = /^src\/wal\/segment-(?:writer|allocator)\./;
const MODULE_LOADER = 'node:internal/modules/';
const WORKER_START = 'node:internal/main/worker_thread';

/** `frames` from the outermost to the innermost. */
export function phaseOf(frames: readonly Frame[]): PhaseName {
  const isCollecting = frames.some(isOfCollector);
  if (isCollecting) return 'garbage collection';
  const last = frames.findLastIndex(({ origin }) => origin === 'engine' || origin === 'program');
  if (last < 0) return phaseOfForeign(frames);
  if (frames[last].origin === 'program') return 'program';
  let first = last;
  for (let i = last; i >= 0 && frames[i].origin !== 'program'; i--) if (frames[i].origin === 'engine') first = i;
  if (isLoading(frames, first, last)) return 'start';
  // Its writes may begin within a commit, and are the log's all the same.
  if (frames.slice(first, last + 1).some(({ file }) => LOG_FILE_MODULE.test(file))) return 'log sync';
  for (let i = first; i <= last; i++) {
    const phase = frames[i].origin === 'engine' ? phaseOfModule(frames[i]) : undefined;
    if (phase !== undefined) return phase;
  }
  return 'engine';
}

/** The code of a module's top level runs when it is imported; it has no name. */
function isLoading(frames: readonly Frame[], first: number, last: number): boolean {
  const isImported = frames.slice(0, first).some(({ file }) => file.startsWith(MODULE_LOADER));
  return (
    isImported && frames.slice(first, last + 1).every(({ origin, name }) => origin !== 'engine' || name === 'anonymous')
  );
}

function isOfCollector({ origin, name }: Frame): boolean {
  return origin === 'collector' || (origin === 'native' && /Heap::(?:CollectGarbage|CollectAllGarbage)/.test(name));
}

function phaseOfModule({ file, name }: Frame): PhaseName | undefined {
  const module = file.replace(/^src\//, '').replace(/\.[jt]s$/, '');
  // perf and stack traces name the class too.
  const functionName = name.slice(name.lastIndexOf('.') + 1);
  return RULES.find((rule) => rule.module.test(module) && (rule.functions?.test(functionName) ?? true))?.phase;
}

/** Neither the engine's code nor the program's is on the stack. */
function phaseOfForeign(frames: readonly Frame[]): PhaseName {
  if (frames.some(({ file }) => file.startsWith(MODULE_LOADER) || file.startsWith(WORKER_START))) return 'start';
  if (frames.some(({ origin, file }) => origin === 'package' && file.startsWith('piscina/'))) return 'engine';
  if (frames.some(({ origin }) => origin === 'package')) return 'program';
  const rule = NATIVE_RULES.find(({ symbol }) => frames.some((frame) => isNative(frame) && symbol.test(frame.name)));
  return rule?.phase ?? 'runtime';
}

function isNative({ origin }: Frame): boolean {
  return origin === 'native' || origin === 'kernel';
}

/** Whether the thread does nothing: V8's profiler samples it all the same. */
export function isWaiting(frames: readonly Frame[]): boolean {
  const innermost = frames.at(-1);
  if (innermost === undefined) return false;
  if (innermost.origin === 'waiting') return true;
  // A worker of piscina waits for its next job within JavaScript.
  return frames.slice(-2).some(({ name, file }) => name === 'atomicsWaitLoop' && file.startsWith('piscina/'));
}
