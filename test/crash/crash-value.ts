import { Prng } from '../../src/base/prng.js';

/** Names one record that was written: enough to make its value again, byte for byte. */
export interface RecordName {
  readonly cycle: number;
  /** Which write of the cycle, and which record of that write. */
  readonly write: number;
  readonly position: number;
  readonly keyId: number;
  readonly valueBytes: number;
}

const SLAB_BYTES = 1 << 20;
const NOISE = Buffer.from(new Prng(0x5eed).fill(new Uint8Array(SLAB_BYTES)));
const TEXT = Buffer.alloc(SLAB_BYTES, 'the pump in hall four reads 21.5 degrees and the fan beside it turns; ');
/** A name is at most this long, and so is the shortest value. */
export const VALUE_BYTES_MIN = 64;

export function formatName(name: RecordName): string {
  return `${name.cycle}.${name.write}.${name.position}.${name.keyId}.${name.valueBytes}`;
}

export function parseName(text: string): RecordName | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (match === null) return undefined;
  const [cycle, write, position, keyId, valueBytes] = match.slice(1).map(Number);
  return { cycle, write, position, keyId, valueBytes };
}

/** The name, a bar, and filler that is noise for one half of the values and text that compresses well for the other. */
export function makeValue(name: RecordName): Buffer {
  const value = Buffer.allocUnsafe(name.valueBytes);
  const head = value.write(`${formatName(name)}|`, 'latin1');
  const mixed = new Prng(name.cycle * 1_000_003 + name.write * 101 + name.position);
  const slab = mixed.chance(0.5) ? NOISE : TEXT;
  let from = mixed.below(SLAB_BYTES);
  for (let at = head; at < value.length; from = 0) at += slab.copy(value, at, from);
  return value;
}

/** The name of a value that is exactly what was written under `keyId`, or undefined. */
export function identifyValue(value: Buffer, keyId: number): string | undefined {
  const bar = value.subarray(0, VALUE_BYTES_MIN).indexOf('|');
  if (bar < 0) return undefined;
  const text = value.toString('latin1', 0, bar);
  const name = parseName(text);
  if (name === undefined || name.keyId !== keyId || name.valueBytes !== value.length) return undefined;
  return makeValue(name).equals(value) ? text : undefined;
}
