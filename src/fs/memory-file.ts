import type { Prng } from '../base/prng.js';
import { GrowableBytes } from './growable-bytes.js';

/** What a disk writes whole; of a longer write any of its sectors may reach the disk without the others. */
export const SECTOR_BYTES = 512;

type FileChange =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'resize'; readonly sizeBytes: number };

/**
 * A file of the in-memory file system: its bytes as a running process sees them, its bytes as the disk has them, and the
 * changes in between, oldest first. `commit` moves changes to the disk; a crash loses a seeded part of the rest.
 */
export class MemoryFile {
  #current = new GrowableBytes();
  #durable = new GrowableBytes();
  #pending: FileChange[] = [];
  #committed = 0;
  /** Its length must not shrink any more (law 3): on a real disk that would kill the process that reads the mapping. */
  isMapped = false;

  get sizeBytes(): number {
    return this.#current.length;
  }

  /** Names all changes until now, for `commit`. */
  get changeMark(): number {
    return this.#committed + this.#pending.length;
  }

  read(target: Uint8Array, position: number): number {
    return this.#current.read(target, position);
  }

  toBytes(): Uint8Array {
    return this.#current.toBytes();
  }

  /** A hash of what `read` finds. */
  get digest(): bigint {
    return this.#current.digest;
  }

  write(source: Uint8Array, position: number): void {
    this.#change({ kind: 'write', position, bytes: source.slice() });
  }

  resize(sizeBytes: number): void {
    if (sizeBytes !== this.sizeBytes) this.#change({ kind: 'resize', sizeBytes });
  }

  /** Makes the changes before `mark` durable. */
  commit(mark: number): void {
    const count = mark - this.#committed;
    if (count <= 0) return;
    for (const change of this.#pending.splice(0, count)) apply(this.#durable, change);
    this.#committed += count;
  }

  /** The file after its process was killed: the operating system still has everything, and the disk still has not. */
  clone(): MemoryFile {
    const copy = new MemoryFile();
    copy.#current = this.#current.clone();
    copy.#durable = this.#durable.clone();
    copy.#pending = [...this.#pending];
    copy.#committed = this.#committed;
    return copy;
  }

  /** The file after the machine went down. */
  crashClone(prng: Prng): MemoryFile {
    const survivor = new MemoryFile();
    survivor.#durable = this.#crashedBytes(prng);
    survivor.#current = survivor.#durable.clone();
    return survivor;
  }

  #change(change: FileChange): void {
    apply(this.#current, change);
    this.#pending.push(change);
  }

  /**
   * Lengths change in order, so that a prefix of their changes survives. Data reaches the disk by sectors in any order;
   * once a sector missed a change it misses the later ones too, and so holds what it held at some moment.
   */
  #crashedBytes(prng: Prng): GrowableBytes {
    const bytes = this.#durable.clone();
    const sizeChangesKept = prng.pick([0, prng.below(this.#pending.length + 1), this.#pending.length]);
    const sectors = new SectorLottery(prng, this.#pending.length);
    let sizeBytes = bytes.length;
    this.#pending.forEach((change, index) => {
      const isSizeKept = index < sizeChangesKept;
      if (change.kind === 'resize') {
        if (!isSizeKept) return;
        sizeBytes = change.sizeBytes;
        bytes.resize(sizeBytes);
        return;
      }
      if (isSizeKept) sizeBytes = Math.max(sizeBytes, change.position + change.bytes.length);
      writeSurvivors(bytes, change.position, change.bytes, sectors, index);
    });
    bytes.resize(sizeBytes);
    return bytes;
  }
}

function apply(bytes: GrowableBytes, change: FileChange): void {
  if (change.kind === 'write') bytes.write(change.bytes, change.position);
  else bytes.resize(change.sizeBytes);
}

/** Draws which sectors of which changes reached the disk. */
class SectorLottery {
  readonly #prng: Prng;
  /** Writeback stopped before this change. */
  readonly #stopIndex: number;
  readonly #lossChance: number;
  readonly #stale = new Set<number>();

  constructor(prng: Prng, changeCount: number) {
    this.#prng = prng;
    this.#stopIndex = prng.chance(0.5) ? prng.below(changeCount + 1) : changeCount;
    // Everything, a hole here and there, half, nothing.
    this.#lossChance = prng.pick([0, 0.03, 0.5, 1]);
  }

  isKept(sector: number, changeIndex: number): boolean {
    if (this.#stale.has(sector)) return false;
    if (changeIndex < this.#stopIndex && !this.#prng.chance(this.#lossChance)) return true;
    // The change at the stop was under way: some of its sectors made it.
    if (changeIndex === this.#stopIndex && this.#prng.chance(0.5)) return true;
    this.#stale.add(sector);
    return false;
  }
}

function writeSurvivors(
  bytes: GrowableBytes,
  position: number,
  source: Uint8Array,
  sectors: SectorLottery,
  changeIndex: number,
): void {
  const end = position + source.length;
  let from = position;
  while (from < end) {
    const sector = Math.floor(from / SECTOR_BYTES);
    const to = Math.min(end, (sector + 1) * SECTOR_BYTES);
    if (sectors.isKept(sector, changeIndex)) bytes.write(source.subarray(from - position, to - position), from);
    from = to;
  }
}
