import { DIRECT_IO_BLOCK_BYTES } from '../base/limits.js';
import { Prng } from '../base/prng.js';
import type { FileOperation, FileOperationKind } from './file-operation.js';
import { CutWriteError } from './file-operation.js';
import type { FileSystem } from './file-system.js';
import { InterceptedFileSystem } from './intercepted-file-system.js';
import { ioError, systemError } from './io-error.js';

/** Which operations go wrong, and how. */
export interface FaultRule {
  /** Default: any kind. */
  readonly kind?: FileOperationKind;
  /** Default: any path. */
  readonly path?: RegExp | ((path: string) => boolean);
  /** The first operation to go wrong among those that match, counted from 1. */
  readonly nth: number;
  /** How many matching operations in a row go wrong. Default 1. */
  readonly times?: number;
  /** The errno name of the failure. Default `EIO`. */
  readonly error?: string;
  /**
   * `fail` (default): nothing happens but the error. `short-write`: about half of a write goes through first; other
   * operations just fail. `corrupt-read`: a read or map succeeds with one seeded bit flipped; no other operation matches.
   */
  readonly effect?: 'fail' | 'short-write' | 'corrupt-read';
}

/** A file system on which chosen operations go wrong. Every rule counts its own matches, also past the fault of another. */
export class FaultyFileSystem extends InterceptedFileSystem {
  readonly #faults: FaultInjector;

  constructor(inner: FileSystem, rules: readonly FaultRule[], seed = 1) {
    const faults = new FaultInjector(rules, seed);
    super(inner, {
      before: (operation) => faults.before(operation),
      after: (operation, bytes) => faults.after(operation, bytes),
    });
    this.#faults = faults;
  }

  /** The operations that went wrong so far. A test checks that there are some: else it tested nothing. */
  get injected(): readonly FileOperation[] {
    return this.#faults.injected;
  }
}

class FaultInjector {
  readonly injected: FileOperation[] = [];
  readonly #rules: readonly FaultRule[];
  readonly #matches: number[];
  readonly #corrupted = new Set<FileOperation>();
  readonly #prng: Prng;

  constructor(rules: readonly FaultRule[], seed: number) {
    this.#rules = rules;
    this.#matches = rules.map(() => 0);
    this.#prng = new Prng(seed);
  }

  before(operation: FileOperation): void {
    const rule = this.#ruleInForce(operation);
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

  /** Counts the operation on every rule that it matches; returns the first of those that are due. */
  #ruleInForce(operation: FileOperation): FaultRule | undefined {
    let inForce: FaultRule | undefined;
    this.#rules.forEach((rule, index) => {
      if (!isMatch(rule, operation)) return;
      this.#matches[index]++;
      const past = this.#matches[index] - rule.nth;
      if (past >= 0 && past < (rule.times ?? 1)) inForce ??= rule;
    });
    return inForce;
  }
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
