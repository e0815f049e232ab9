/**
 * What the fuzz tests share: damage to good bytes, and what a decoder may make of it. A decoder of bytes from disk returns a value
 * or refuses with a CorruptionError or STEME_UNSUPPORTED; it throws nothing else, looks at no byte outside of its range, reads
 * nothing behind the end of a file, comes to an end, and takes no memory for a mere claim (law 10).
 *
 * More of it, from another seed: npm run test:fuzz -- --runs 20000 --seed 7
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { writeUint32, writeUint64 } from '../../src/base/bytes.js';
import { CorruptionError, StemeError } from '../../src/base/errors.js';
import { KIB, MIB } from '../../src/base/limits.js';
import { writeVarint } from '../../src/base/varint.js';
import type { FileOperation } from '../../src/fs/file-operation.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import type { MemoryFileSystem } from '../../src/fs/memory-file-system.js';

/** `numRuns` and `seed` of a property: `numRuns` as given, unless a longer run asks for more of everything. */
export function fuzzRuns(numRuns: number): { readonly numRuns: number; readonly seed: number } {
  const { STEME_FUZZ_RUNS, STEME_FUZZ_SEED } = process.env;
  return { numRuns: Number(STEME_FUZZ_RUNS ?? numRuns), seed: Number(STEME_FUZZ_SEED ?? 1) };
}

/** Numbers at which lengths, counts and offsets go wrong. */
const EXTREMES = [0, 1, 7, 0x7f, 0x80, 0xff, 0xffff, MIB, 64 * MIB, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1] as const;
const WIDE_EXTREMES = [...EXTREMES, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER] as const;

/** Places are any number: they count modulo the length. */
export type Mutation =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'byte' | 'uint32' | 'uint64' | 'varint'; readonly at: number; readonly value: number }
  | { readonly kind: 'zero' | 'remove'; readonly at: number; readonly length: number }
  | { readonly kind: 'copy'; readonly from: number; readonly at: number; readonly length: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'cut'; readonly at: number };

const at = fc.nat();
const length = fc.integer({ min: 1, max: 70 });

/** Damage that leaves every byte behind it where it was. */
const inPlace: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('byte' as const), at, value: fc.nat(255) }),
  fc.record({ kind: fc.constant('uint32' as const), at, value: fc.constantFrom(...EXTREMES) }),
  fc.record({ kind: fc.constant('uint64' as const), at, value: fc.constantFrom(...WIDE_EXTREMES) }),
  fc.record({ kind: fc.constant('varint' as const), at, value: fc.constantFrom(...WIDE_EXTREMES) }),
  fc.record({ kind: fc.constant('zero' as const), at, length }),
  fc.record({ kind: fc.constant('copy' as const), from: at, at, length }),
);

const anyDamage: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 3, arbitrary: inPlace },
  fc.record({ kind: fc.constant('remove' as const), at, length }),
  fc.record({ kind: fc.constant('insert' as const), at, bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }) }),
  fc.record({ kind: fc.constant('cut' as const), at }),
);

export const mutationsInPlace = fc.array(inPlace, { minLength: 1, maxLength: 4 });
export const mutations = fc.array(anyDamage, { minLength: 1, maxLength: 4 });

/** A damaged copy. */
export function mutate(bytes: Uint8Array, changes: readonly Mutation[]): Uint8Array {
  return changes.reduce(mutateOnce, Uint8Array.from(bytes));
}

/** `good` bytes, damaged in all ways, and bytes that are not at all like them. */
export function hostile(good: readonly Uint8Array[], anyBytesMax = 300): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: anyBytesMax }) },
    { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...good), mutations).map(([bytes, how]) => mutate(bytes, how)) },
  );
}

function mutateOnce(bytes: Uint8Array, change: Mutation): Uint8Array {
  const place = bytes.length === 0 ? 0 : change.at % bytes.length;
  switch (change.kind) {
    case 'flip':
      if (bytes.length > 0) bytes[place] ^= 1 << change.bit;
      return bytes;
    case 'byte':
    case 'uint32':
    case 'uint64':
    case 'varint':
      bytes.set(encodedNumber(change.kind, change.value).subarray(0, bytes.length - place), place);
      return bytes;
    case 'zero':
      return bytes.fill(0, place, place + change.length);
    case 'copy':
      return copied(bytes, change.from, place, change.length);
    case 'remove':
      return joined(bytes.subarray(0, place), bytes.subarray(place + change.length));
    case 'insert':
      return joined(bytes.subarray(0, place), change.bytes, bytes.subarray(place));
    case 'cut':
      return bytes.slice(0, place);
  }
}

function encodedNumber(kind: 'byte' | 'uint32' | 'uint64' | 'varint', value: number): Uint8Array {
  const target = new Uint8Array(8);
  if (kind === 'varint') return target.subarray(0, writeVarint(target, 0, value));
  if (kind === 'uint64') writeUint64(target, 0, value);
  else writeUint32(target, 0, value);
  return target.subarray(0, { byte: 1, uint32: 4, uint64: 8 }[kind]);
}

/** The source may be the end of the bytes: then less is copied. */
function copied(bytes: Uint8Array, from: number, place: number, count: number): Uint8Array {
  const start = bytes.length === 0 ? 0 : from % bytes.length;
  return bytes.copyWithin(place, start, start + count);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

export function isFair(error: unknown): boolean {
  return error instanceof CorruptionError || (error instanceof StemeError && error.code === 'STEME_UNSUPPORTED');
}

/** How a decoder answered. `refused` names what is wrong, as it would to the user. */
export type Answer<T> = { readonly value: T } | { readonly refused: string };

/** What `run` returns, or why it refused; an error that is not fair goes on up. */
export function answerOf<T>(run: () => T): Answer<T> {
  try {
    return { value: run() };
  } catch (error) {
    return refusalOf(error);
  }
}

export async function answerOfPromise<T>(run: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await run() };
  } catch (error) {
    return refusalOf(error);
  }
}

function refusalOf(error: unknown): { readonly refused: string } {
  if (!isFair(error)) throw error;
  return { refused: (error as StemeError).message };
}

const MARGIN_BYTES = 80;
const SURROUNDINGS = [0x00, 0xff, 0x81] as const;

/**
 * How `decode` answers for `bytes` as the range `[start, end)` of a larger array: the same whatever stands around them, or it read
 * outside of its range. It returns plain data. All of it within `memoryBytesMax`.
 */
export function answerForRange<T>(
  bytes: Uint8Array,
  decode: (source: Uint8Array, start: number, end: number) => T,
  memoryBytesMax = memoryBytesFor(bytes.length),
): Answer<T> {
  const answers = SURROUNDINGS.map((filler) => {
    const source = new Uint8Array(bytes.length + 2 * MARGIN_BYTES).fill(filler);
    source.set(bytes, MARGIN_BYTES);
    return withinMemory(memoryBytesMax, () =>
      answerOf(() => decode(source, MARGIN_BYTES, MARGIN_BYTES + bytes.length)),
    );
  });
  for (const answer of answers) {
    if (!isDeepStrictEqual(answer, answers[0])) throw new Error('what stands around the bytes changed the answer');
  }
  return answers[0];
}

/** The same for a decoder that gets exactly its bytes, as a view. */
export function answerForView<T>(bytes: Uint8Array, decode: (view: Uint8Array) => T): Answer<T> {
  return answerForRange(bytes, (source, start, end) => decode(source.subarray(start, end)));
}

/** What decoded fields, their objects and the garbage on the way may take: LZ4 alone makes 255 bytes out of one. */
function memoryBytesFor(lengthBytes: number): number {
  return 16 * MIB + KIB * lengthBytes;
}

/** Fails if `run` left more memory taken than it may; what was freed meanwhile does not show, so the bound is no proof. */
export function withinMemory<T>(bytesMax: number, run: () => T): T {
  const before = memoryBytes();
  const result = run();
  const taken = memoryBytes() - before;
  if (taken > bytesMax) throw new Error(`${taken} bytes of memory were taken, at most ${bytesMax} may be`);
  return result;
}

function memoryBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** A walk that takes more steps than there are bytes to read goes in a circle. */
export class StepLimit {
  readonly #max: number;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  step(): void {
    if (++this.#count > this.#max) throw new Error(`it hangs: more than ${this.#max} steps`);
  }
}

/** `disk`, of which nothing is read behind the end of a file, and which is not asked for more than `operationsMax` things. */
export function guardedDisk(disk: MemoryFileSystem, operationsMax: number): FileSystem {
  const limit = new StepLimit(operationsMax);
  return interceptFileSystem(disk, (operation) => {
    limit.step();
    if (operation.kind === 'read') refuseOverRead(disk, operation);
  });
}

function refuseOverRead(disk: MemoryFileSystem, { path, positionBytes = 0, lengthBytes = 0 }: FileOperation): void {
  const handle = disk.openSync(path, 'read');
  const sizeBytes = handle.sizeBytesSync();
  handle.closeSync();
  if (positionBytes < 0 || positionBytes + lengthBytes > sizeBytes) {
    throw new Error(`read of ${path} at ${positionBytes}+${lengthBytes}, which has ${sizeBytes} bytes`);
  }
}
