import { DIRECT_IO_BLOCK_BYTES } from '../base/limits.js';
import { Prng } from '../base/prng.js';
import { systemTimers, type Timers } from '../base/timers.js';
import type { FileOperation, FileOperationKind, OperationHooks } from './file-operation.js';
import { CutWriteError } from './file-operation.js';
import type { FileSystem } from './file-system.js';
import { InterceptedFileSystem } from './intercepted-file-system.js';
import { ioError, systemError } from './io-error.js';

/** Which operations go wrong, and how. */
export interface FaultRule {
  /** Default: any kind. */
  readonly kind?: FileOperationKind;
  /** An expression found in the path, or a question about it. Default: any path. */
  readonly path?: RegExp | ((path: string) => boolean);
  /** The first operation to go wrong among those that match, counted from 1. Default 1. */
  readonly nth?: number;
  /** How many matching operations in a row go wrong; `Number.POSITIVE_INFINITY` for all. Default 1. */
  readonly times?: number;
  /** The errno name of the failure: `EIO`, `ENOSPC`, … Default `EIO`. */
  readonly error?: string;
  /**
   * `fail` (default): nothing happens but the error. `short-write`: about half of a write goes through first; other
   * operations just fail. `corrupt-read`: a read or map succeeds with one seeded bit flipped; no other operation matches.
   * `delay`: the operation succeeds, `delayMs` later; the synchronous calls of jobs do not wait.
   */
  readonly effect?: 'fail' | 'short-write' | 'corrupt-read' | 'delay';
  /** Milliseconds. Default 0. */
  readonly delayMs?: number;
}

export interface FaultyFileSystemOptions {
  /** Of the bits that are flipped. Default 1. */
  readonly seed?: number;
  /** What a delay is measured by: a `SimulatedTime`, for instance. Default: the real time. */
  readonly timers?: Timers;
}

/** A file system on which chosen operations go wrong. Every rule counts its own matches, also past the fault of another. */
export class FaultyFileSystem extends InterceptedFileSystem {
  readonly #faults: FaultInjector;

  constructor(inner: FileSystem, rules: readonly FaultRule[] = [], options: FaultyFileSystemOptions = {}) {
    const faults = new FaultInjector(rules, options);
    super(inner, faults);
    this.#faults = faults;
  }

  /** The operations that went wrong, or were late, so far. A test checks that there are some: else it tested nothing. */
  get injected(): readonly FileOperation[] {
    return this.#faults.injected;
  }

  /** Adds a rule; it counts the operations from now on. */
  arm(rule: FaultRule): void {
    this.#faults.arm(rule);
  }

  /** Forgets all rules: the disk is as good as the one below. */
  disarm(): void {
    this.#faults.disarm();
  }
}

interface ArmedRule {
  readonly rule: FaultRule;
  matches: number;
}

class FaultInjector implements OperationHooks {
  readonly injected: FileOperation[] = [];
  readonly #armed: ArmedRule[] = [];
  readonly #corrupted = new Set<FileOperation>();
  readonly #prng: Prng;
  readonly #timers: Timers;

  constructor(rules: readonly FaultRule[], { seed = 1, timers = systemTimers }: FaultyFileSystemOptions) {
    this.#prng = new Prng(seed);
    this.#timers = timers;
    for (const rule of rules) this.arm(rule);
  }

  arm(rule: FaultRule): void {
    this.#armed.push({ rule, matches: 0 });
  }

  disarm(): void {
    this.#armed.length = 0;
  }

  /** Without a rule for it nothing is held, so that no fault changes the order of the other operations. */
  get hold(): OperationHooks['hold'] {
    return this.#armed.some(({ rule }) => isDelay(rule)) ? (operation) => this.#delay(operation) : undefined;
  }

  before(operation: FileOperation): void {
    const rule = this.#ruleInForce(operation, (each) => !isDelay(each));
    if (rule === undefined) return;
    this.injected.push(operation);
    if (rule.effect === 'corrupt-read') {
      this.#corrupted.add(operation);
      return;
    }
    const refusal = ioError(operation.kind, operation.path, systemError(rule.error ?? 'EIO'));
    if (rule.effect !== 'short-write' || operation.kind !== 'write') throw refusal;
    throw new CutWriteError(refusal.message, halfOf(operation), refusal);
  }

  after(operation: FileOperation, bytes: Uint8Array | undefined): Uint8Array | undefined {
    if (!this.#corrupted.delete(operation) || bytes === undefined || bytes.length === 0) return undefined;
    const target = operation.kind === 'map' ? bytes.slice() : bytes;
    target[this.#prng.below(target.length)] ^= 1 << this.#prng.below(8);
    return target;
  }

  async #delay(operation: FileOperation): Promise<void> {
    const rule = this.#ruleInForce(operation, isDelay);
    if (rule === undefined) return;
    this.injected.push(operation);
    await new Promise<void>((resolve) => this.#timers.after(rule.delayMs ?? 0, resolve));
  }

  /** Counts the operation on every rule of its sort that it matches; returns the first of those that are due. */
  #ruleInForce(operation: FileOperation, isOfSort: (rule: FaultRule) => boolean): FaultRule | undefined {
    let inForce: FaultRule | undefined;
    for (const armed of this.#armed) {
      const { rule } = armed;
      if (!isOfSort(rule) || !isMatch(rule, operation)) continue;
      armed.matches++;
      const past = armed.matches - (rule.nth ?? 1);
      if (past >= 0 && past < (rule.times ?? 1)) inForce ??= rule;
    }
    return inForce;
  }
}

function isDelay(rule: FaultRule): boolean {
  return rule.effect === 'delay';
}

function isMatch(rule: FaultRule, operation: FileOperation): boolean {
  if (rule.kind !== undefined && rule.kind !== operation.kind) return false;
  if (rule.effect === 'corrupt-read' && operation.kind !== 'read' && operation.kind !== 'map') return false;
  if (rule.path === undefined) return true;
  // `search` ignores the position that a global expression keeps between calls of `test`.
  return rule.path instanceof RegExp ? operation.path.search(rule.path) >= 0 : rule.path(operation.path);
}

function halfOf(operation: FileOperation): number {
  const half = Math.floor((operation.lengthBytes ?? 0) / 2);
  return operation.mode === 'direct' ? half - (half % DIRECT_IO_BLOCK_BYTES) : half;
}
