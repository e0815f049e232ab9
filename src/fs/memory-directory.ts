import type { Prng } from '../base/prng.js';
import type { MemoryFile } from './memory-file.js';

export type MemoryNode = MemoryFile | MemoryDirectory;
type NameTable = Map<string, MemoryNode>;

type NameChange =
  | { readonly kind: 'link'; readonly name: string; readonly node: MemoryNode }
  | { readonly kind: 'unlink'; readonly name: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string; readonly node: MemoryNode };

/** Makes the copy of a node, once: a file that goes by two names, by a link or before and after a rename, stays one file. */
export type CopyNode = (node: MemoryNode) => MemoryNode;

/** A directory of the in-memory file system: its names as processes see them, as the disk has them, and the changes between. */
export class MemoryDirectory {
  #current: NameTable = new Map();
  #durable: NameTable = new Map();
  #pending: NameChange[] = [];
  #committed = 0;
  isLocked = false;

  /** Names all changes until now, for `commit`. */
  get changeMark(): number {
    return this.#committed + this.#pending.length;
  }

  get(name: string): MemoryNode | undefined {
    return this.#current.get(name);
  }

  names(): string[] {
    return [...this.#current.keys()].sort();
  }

  /** What the directory holds now, in no order that matters. */
  nodes(): Iterable<MemoryNode> {
    return this.#current.values();
  }

  link(name: string, node: MemoryNode): void {
    this.#change({ kind: 'link', name, node });
  }

  unlink(name: string): void {
    this.#change({ kind: 'unlink', name });
  }

  rename(from: string, to: string, node: MemoryNode): void {
    if (from !== to) this.#change({ kind: 'rename', from, to, node });
  }

  /** Makes the changes before `mark` durable. */
  commit(mark: number): void {
    const count = mark - this.#committed;
    if (count <= 0) return;
    for (const change of this.#pending.splice(0, count)) apply(this.#durable, change);
    this.#committed += count;
  }

  /** After a killed process: all names as they were, durable or not; the lock is gone with its holder. */
  clone(copyNode: CopyNode): MemoryDirectory {
    const copy = new MemoryDirectory();
    copy.#current = copyTable(this.#current, copyNode);
    copy.#durable = copyTable(this.#durable, copyNode);
    copy.#pending = this.#pending.map((change) => copyChange(change, copyNode));
    copy.#committed = this.#committed;
    return copy;
  }

  /** After the machine went down: of the changes not yet durable a prefix survives. */
  crashClone(prng: Prng, copyNode: CopyNode): MemoryDirectory {
    const kept = prng.pick([0, prng.below(this.#pending.length + 1), this.#pending.length]);
    const names = new Map(this.#durable);
    for (const change of this.#pending.slice(0, kept)) apply(names, change);
    const survivor = new MemoryDirectory();
    survivor.#durable = copyTable(names, copyNode);
    survivor.#current = new Map(survivor.#durable);
    return survivor;
  }

  #change(change: NameChange): void {
    apply(this.#current, change);
    this.#pending.push(change);
  }
}

function apply(names: NameTable, change: NameChange): void {
  if (change.kind === 'link') {
    names.set(change.name, change.node);
  } else if (change.kind === 'unlink') {
    names.delete(change.name);
  } else {
    names.delete(change.from);
    names.set(change.to, change.node);
  }
}

function copyTable(names: NameTable, copyNode: CopyNode): NameTable {
  const copy: NameTable = new Map();
  for (const [name, node] of names) copy.set(name, copyNode(node));
  return copy;
}

function copyChange(change: NameChange, copyNode: CopyNode): NameChange {
  return change.kind === 'unlink' ? change : { ...change, node: copyNode(change.node) };
}
