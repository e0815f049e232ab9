/**
 * Inner nodes of the memtable's adaptive radix tree (Leis, Kemper, Neumann, "The Adaptive Radix Tree", ICDE 2013), laid
 * out so that one writer and any number of readers in any thread need no lock:
 *
 * - A node tests one position of the key, its `depth`, stored absolutely. Positions between a node and its child are
 *   skipped; a lookup verifies the whole key at the leaf. So a split puts a new node above an old one and leaves the
 *   old one as it is.
 * - A child is added by writing it and then publishing it with one atomic store. A node that is full is copied into a larger
 *   one, which is then published in the parent's slot. Whoever still stands in the old copy misses only records newer than
 *   the sequence it reads at.
 * - Nothing is ever removed.
 *
 * A *symbol* is what a key has at a position: its byte plus one, or 0 past its end, so that a prefix sorts first.
 * A *slot* is the index of a word that holds a child: 0 none, positive an inner node, negative a record.
 *
 *     word 0   type in bits 0–7, depth above
 *     word 1   number of children
 *     node4    4 words of symbols (in order of arrival), 4 of children
 *     node16   16 half-words of symbols (in order of arrival), 16 words of children
 *     node48   257 bytes, padded to 260: symbol → 1 + index of the child; 48 words of children
 *     node256  257 words: symbol → child
 */
import type { Arena } from './arena.js';
import { WORD_BYTES } from './arena.js';

const NODE_4 = 1;
const NODE_16 = 2;
const NODE_48 = 3;
const NODE_256 = 4;

const SYMBOL_COUNT = 257;
/** Children that a node of each type holds. */
const CAPACITY = [0, 4, 16, 48, SYMBOL_COUNT];
const BODY = 2;
const NODE_4_CHILDREN = BODY + 4;
const NODE_4_WORDS = NODE_4_CHILDREN + 4;
const NODE_16_CHILDREN = BODY + 8;
const NODE_16_WORDS = NODE_16_CHILDREN + 16;
const NODE_48_CHILDREN = BODY + 65;
const NODE_48_WORDS = NODE_48_CHILDREN + 48;
const NODE_256_WORDS = BODY + SYMBOL_COUNT;

/** The most that inserting one record can add to its own bytes: one growth to the largest node. */
export const NODE_GROWTH_BYTES_MAX = NODE_256_WORDS * WORD_BYTES;

/** The node that most lookups end in starts on a cache line, which then holds its symbols and first children. */
const CACHE_LINE_WORDS = 16;

// What a node has taken so far, copies left behind and alignment included, when it has just grown to hold its n-th child.
const WORDS_AT_CHILD_5 = NODE_4_WORDS + CACHE_LINE_WORDS - 1 + NODE_16_WORDS;
const WORDS_AT_CHILD_17 = WORDS_AT_CHILD_5 + NODE_48_WORDS;
const WORDS_AT_CHILD_49 = WORDS_AT_CHILD_17 + NODE_256_WORDS;

/**
 * The most that nodes add per record over the life of a whole tree. A node of n children took n - 1 inserts beyond the
 * first below it, and those counts sum to less than the number of keys; a node is dearest per insert just after it grew.
 */
export const NODE_BYTES_PER_RECORD_MAX = Math.ceil(
  WORD_BYTES * Math.max(NODE_4_WORDS, WORDS_AT_CHILD_5 / 4, WORDS_AT_CHILD_17 / 16, WORDS_AT_CHILD_49 / 48),
);

export const NO_SYMBOL = -1;

export function symbolAt(key: Uint8Array, keyStart: number, keyEnd: number, depth: number): number {
  return keyStart + depth < keyEnd ? key[keyStart + depth] + 1 : 0;
}

export function nodeDepth(arena: Arena, node: number): number {
  return arena.words[node] >>> 8;
}

/** The slot of the child under `symbol`, or 0. */
export function findSlot(arena: Arena, node: number, symbol: number): number {
  const { words } = arena;
  switch (words[node] & 0xff) {
    case NODE_4:
      return slotIn4(arena, node, Atomics.load(words, node + 1), symbol);
    case NODE_16:
      return slotIn16(arena, node, Atomics.load(words, node + 1), symbol);
    case NODE_48:
      return slotIn48(node, Atomics.load(arena.bytes, (node + BODY) * WORD_BYTES + symbol));
    default:
      return slotIn256(node, symbol, Atomics.load(words, node + BODY + symbol));
  }
}

/** The same for the thread that inserts: what it reads it has written itself, and an atomic load is a call of 5 ns. */
export function findOwnSlot(arena: Arena, node: number, symbol: number): number {
  const { words } = arena;
  switch (words[node] & 0xff) {
    case NODE_4:
      return slotIn4(arena, node, words[node + 1], symbol);
    case NODE_16:
      return slotIn16(arena, node, words[node + 1], symbol);
    case NODE_48:
      return slotIn48(node, arena.bytes[(node + BODY) * WORD_BYTES + symbol]);
    default:
      return slotIn256(node, symbol, words[node + BODY + symbol]);
  }
}

function slotIn4({ words }: Arena, node: number, count: number, symbol: number): number {
  for (let i = 0; i < count; i++) if (words[node + BODY + i] === symbol) return node + NODE_4_CHILDREN + i;
  return 0;
}

function slotIn16({ halves }: Arena, node: number, count: number, symbol: number): number {
  const symbols = (node + BODY) * 2;
  for (let i = 0; i < count; i++) if (halves[symbols + i] === symbol) return node + NODE_16_CHILDREN + i;
  return 0;
}

function slotIn48(node: number, index: number): number {
  return index === 0 ? 0 : node + NODE_48_CHILDREN + index - 1;
}

function slotIn256(node: number, symbol: number, child: number): number {
  return child === 0 ? 0 : node + BODY + symbol;
}

/** The smallest symbol above `symbol` that has a child, or NO_SYMBOL. From -1: the first of all. */
export function symbolAfter(arena: Arena, node: number, symbol: number): number {
  const type = arena.words[node] & 0xff;
  if (type === NODE_4 || type === NODE_16) {
    let best = SYMBOL_COUNT;
    const count = Atomics.load(arena.words, node + 1);
    for (let i = 0; i < count; i++) {
      const candidate = smallNodeSymbol(arena, node, type, i);
      if (candidate > symbol && candidate < best) best = candidate;
    }
    return best === SYMBOL_COUNT ? NO_SYMBOL : best;
  }
  for (let candidate = symbol + 1; candidate < SYMBOL_COUNT; candidate++) {
    if (findSlot(arena, node, candidate) !== 0) return candidate;
  }
  return NO_SYMBOL;
}

/** The largest symbol below `symbol` that has a child, or NO_SYMBOL. From 257: the last of all. */
export function symbolBefore(arena: Arena, node: number, symbol: number): number {
  const type = arena.words[node] & 0xff;
  if (type === NODE_4 || type === NODE_16) {
    let best = NO_SYMBOL;
    const count = Atomics.load(arena.words, node + 1);
    for (let i = 0; i < count; i++) {
      const candidate = smallNodeSymbol(arena, node, type, i);
      if (candidate < symbol && candidate > best) best = candidate;
    }
    return best;
  }
  for (let candidate = symbol - 1; candidate >= 0; candidate--) {
    if (findSlot(arena, node, candidate) !== 0) return candidate;
  }
  return NO_SYMBOL;
}

/** A child of the node, whichever is cheapest to find. */
function someChild(arena: Arena, node: number): number {
  switch (arena.words[node] & 0xff) {
    case NODE_4:
      return Atomics.load(arena.words, node + NODE_4_CHILDREN);
    case NODE_16:
      return Atomics.load(arena.words, node + NODE_16_CHILDREN);
    case NODE_48:
      return Atomics.load(arena.words, node + NODE_48_CHILDREN);
    default:
      return Atomics.load(arena.words, findSlot(arena, node, symbolAfter(arena, node, NO_SYMBOL)));
  }
}

/** A record below the node: all of them share the key's positions up to the node's depth. */
export function someRecordBelow(arena: Arena, node: number): number {
  let child = node;
  while (child > 0) child = someChild(arena, child);
  return -child;
}

/** One past the largest symbol. */
export const SYMBOL_END = SYMBOL_COUNT;

function smallNodeSymbol(arena: Arena, node: number, type: number, i: number): number {
  return type === NODE_4 ? arena.words[node + BODY + i] : arena.halves[(node + BODY) * 2 + i];
}

/** A new node with two children, not yet published. */
export function createFork(
  arena: Arena,
  depth: number,
  symbolA: number,
  childA: number,
  symbolB: number,
  childB: number,
): number {
  const node = arena.allocate(NODE_4_WORDS);
  const { words } = arena;
  words[node] = (depth << 8) | NODE_4;
  words[node + 1] = 2;
  words[node + BODY] = symbolA;
  words[node + BODY + 1] = symbolB;
  words[node + NODE_4_CHILDREN] = childA;
  words[node + NODE_4_CHILDREN + 1] = childB;
  return node;
}

/** Adds a child under a symbol that the node in `parentSlot` does not have; a full node is replaced by a larger one. */
export function addChild(arena: Arena, parentSlot: number, symbol: number, child: number): void {
  const { words } = arena;
  const node = words[parentSlot];
  const type = words[node] & 0xff;
  const count = words[node + 1];
  if (count === CAPACITY[type]) {
    growAndAdd(arena, parentSlot, grow(arena, node, type), symbol, child);
    return;
  }
  switch (type) {
    case NODE_4:
      words[node + BODY + count] = symbol;
      words[node + NODE_4_CHILDREN + count] = child;
      Atomics.store(words, node + 1, count + 1);
      break;
    case NODE_16:
      arena.halves[(node + BODY) * 2 + count] = symbol;
      words[node + NODE_16_CHILDREN + count] = child;
      Atomics.store(words, node + 1, count + 1);
      break;
    case NODE_48:
      words[node + NODE_48_CHILDREN + count] = child;
      words[node + 1] = count + 1;
      Atomics.store(arena.bytes, (node + BODY) * WORD_BYTES + symbol, count + 1);
      break;
    default:
      words[node + 1] = count + 1;
      Atomics.store(words, node + BODY + symbol, child);
  }
}

/** A copy of a full node with room for more, not yet published. */
function grow(arena: Arena, node: number, type: number): number {
  switch (type) {
    case NODE_4:
      return growNode4(arena, node);
    case NODE_16:
      return growNode16(arena, node);
    default:
      return growNode48(arena, node);
  }
}

/** `larger` is private until it is published here: one atomic store for the copy and the new child. */
function growAndAdd(arena: Arena, parentSlot: number, larger: number, symbol: number, child: number): void {
  const { words } = arena;
  switch (words[larger] & 0xff) {
    case NODE_16:
      arena.halves[(larger + BODY) * 2 + 4] = symbol;
      words[larger + NODE_16_CHILDREN + 4] = child;
      break;
    case NODE_48:
      arena.bytes[(larger + BODY) * WORD_BYTES + symbol] = 17;
      words[larger + NODE_48_CHILDREN + 16] = child;
      break;
    default:
      words[larger + BODY + symbol] = child;
  }
  words[larger + 1]++;
  Atomics.store(words, parentSlot, larger);
}

function growNode4(arena: Arena, node: number): number {
  const larger = arena.allocateAligned(NODE_16_WORDS, CACHE_LINE_WORDS);
  const { words, halves } = arena;
  words[larger] = (words[node] & ~0xff) | NODE_16;
  words[larger + 1] = 4;
  for (let i = 0; i < 4; i++) {
    halves[(larger + BODY) * 2 + i] = words[node + BODY + i];
    words[larger + NODE_16_CHILDREN + i] = words[node + NODE_4_CHILDREN + i];
  }
  return larger;
}

function growNode16(arena: Arena, node: number): number {
  const larger = arena.allocate(NODE_48_WORDS);
  const { words, halves, bytes } = arena;
  words[larger] = (words[node] & ~0xff) | NODE_48;
  words[larger + 1] = 16;
  words.fill(0, larger + BODY, larger + NODE_48_CHILDREN);
  for (let i = 0; i < 16; i++) {
    bytes[(larger + BODY) * WORD_BYTES + halves[(node + BODY) * 2 + i]] = i + 1;
    words[larger + NODE_48_CHILDREN + i] = words[node + NODE_16_CHILDREN + i];
  }
  return larger;
}

function growNode48(arena: Arena, node: number): number {
  const larger = arena.allocate(NODE_256_WORDS);
  const { words, bytes } = arena;
  words[larger] = (words[node] & ~0xff) | NODE_256;
  words[larger + 1] = 48;
  words.fill(0, larger + BODY, larger + NODE_256_WORDS);
  for (let symbol = 0; symbol < SYMBOL_COUNT; symbol++) {
    const index = bytes[(node + BODY) * WORD_BYTES + symbol];
    if (index !== 0) words[larger + BODY + symbol] = words[node + NODE_48_CHILDREN + index - 1];
  }
  return larger;
}
