import { changeOf } from './flame-difference.js';
import type { FlameNode } from './flame-tree.js';
import { PHASES, type PhaseName } from './phase.js';

type Rgb = readonly [red: number, green: number, blue: number];

const WHITE: Rgb = [255, 255, 255];
const GREY: Rgb = [150, 150, 150];
const PLAIN = '#d9dde2';
const MORE: Rgb = [214, 45, 45];
const LESS: Rgb = [40, 95, 215];
const SAME: Rgb = [236, 236, 236];

const COLOUR_OF_PHASE = new Map(PHASES.map(({ name, colour }) => [name, colour]));

export function phaseColour(phase: PhaseName): string {
  return COLOUR_OF_PHASE.get(phase) ?? PLAIN;
}

/** The colour of its phase; lighter from one function to the next, greyer where the code is not JavaScript. */
export function colourOf({ level, phase, label, origin }: FlameNode): string {
  if (phase === undefined) return PLAIN;
  const colour = parse(phaseColour(phase));
  if (level === 'phase') return format(colour);
  const isNative = origin === 'native' || origin === 'kernel';
  const toned = isNative ? mix(colour, GREY, 0.45) : colour;
  return format(mix(toned, WHITE, 0.15 + 0.3 * spread(label)));
}

/** Red is more than before, blue is less. */
export function differenceColour(node: FlameNode): string {
  if (node.level === 'process') return PLAIN;
  const change = changeOf(node);
  return format(mix(SAME, change > 0 ? MORE : LESS, Math.min(1, Math.abs(change) * 1.5)));
}

/** From 0 to 1, the same for the same text. */
function spread(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) >>> 0;
  return (hash % 97) / 96;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const at = (i: number): number => Math.round(from[i] + (to[i] - from[i]) * share);
  return [at(0), at(1), at(2)];
}

function parse(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 0xff, value & 0xff];
}

function format(colour: Rgb): string {
  return `#${colour.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
