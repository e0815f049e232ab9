/** A flame tree as one SVG file with everything in it: no network, no path of this machine, readable as a still picture too. */
import { colourOf, differenceColour, phaseColour } from './flame-colours.js';
import { compareProfiles } from './flame-difference.js';
import { type FlameBox, layOut } from './flame-layout.js';
import { escapeXml, formatChange, formatShare, formatWeight } from './flame-text.js';
import { type FlameNode, foldProfile, type PhaseShare, phaseShares } from './flame-tree.js';
import { viewerScript } from './flame-viewer.js';
import type { StackProfile } from './stack-profile.js';

const WIDTH = 1400;
const MARGIN = 10;
const ROW = 17;
const FRAMES_WIDTH = WIDTH - 2 * MARGIN;
const CHARACTER = 6.6;
const HEADER = 62;
const LEGEND_COLUMNS = 4;
const BOX_PIXELS_MIN = 0.3;
const LABEL_CHARACTERS_MIN = 3;

interface Look {
  readonly title: string;
  readonly subtitle: string;
  readonly colour: (node: FlameNode) => string;
  readonly tooltip: (node: FlameNode) => string;
  readonly legend: (share: PhaseShare) => string;
}

/** The graph of one profile: threads, then phases, then frames, from above. */
export function profileSvg(profile: StackProfile): string {
  const root = foldProfile(profile);
  const { unit } = profile;
  return draw(root, {
    title: profile.title,
    subtitle: subtitleOf(profile, root.weight),
    colour: colourOf,
    tooltip: (node) =>
      [
        node.label,
        `${formatWeight(node.weight, unit)}, ${formatShare(node.weight, root.weight)} of all`,
        `of it ${formatWeight(selfOf(node, 'weight'), unit)} itself${node.phase === undefined ? '' : ` (${node.phase})`}`,
      ].join('\n'),
    legend: ({ phase, weight }) => `${phase} ${formatShare(weight, root.weight)}`,
  });
}

/** Errors: STEME_INVALID_OPTION for profiles of two kinds. */
export function differenceSvg(before: StackProfile, after: StackProfile): string {
  const { root, per } = compareProfiles(before, after);
  const amount = (weight: number): string =>
    per === 'operation' ? `${formatWeight(weight, after.unit)}/op` : formatShare(weight, 1);
  const change = (node: { weight: number; weightBefore: number }): string =>
    `${amount(node.weightBefore)} → ${amount(node.weight)}, ${formatChange(node.weightBefore, node.weight)}`;
  return draw(root, {
    title: root.label,
    subtitle: `${after.kind}, ${after.source}; red: more than before, blue: less; as wide as both together; ${change(root)}`,
    colour: differenceColour,
    tooltip: (node) => `${node.label}\n${change(node)}${node.phase === undefined ? '' : `\n(${node.phase})`}`,
    legend: (share) => `${share.phase} ${change(share)}`,
  });
}

const MEANING_OF_KIND = {
  cpu: 'time on a processor',
  alloc: 'bytes allocated in the heap of JavaScript',
  'off-cpu': 'time that threads waited',
  io: 'file operations',
} as const;

function subtitleOf({ kind, source, unit, operations, threads }: StackProfile, total: number): string {
  const meaning = kind === 'cpu' && source === 'V8' ? 'time while not idle' : MEANING_OF_KIND[kind];
  const parts = [`${kind}: ${meaning}, by ${source}`, `${formatWeight(total, unit)} in ${threads.length} threads`];
  if (operations !== undefined && operations > 0) {
    parts.push(`${operations.toLocaleString('en-US')} operations, ${formatWeight(total / operations, unit)} each`);
  }
  return parts.join('; ');
}

function selfOf(node: FlameNode, field: 'weight' | 'weightBefore'): number {
  let self = node[field];
  for (const child of node.children.values()) self -= child[field];
  return Math.max(0, self);
}

function draw(root: FlameNode, look: Look): string {
  const boxes = layOut(root, BOX_PIXELS_MIN / FRAMES_WIDTH);
  const shares = phaseShares(root).filter((share) => share.weight + share.weightBefore > 0);
  const legendRows = Math.ceil(shares.length / LEGEND_COLUMNS);
  const top = HEADER + legendRows * ROW + ROW;
  const rows = 1 + boxes.reduce((most, { depth }) => Math.max(most, depth), 0);
  const height = top + rows * ROW + MARGIN;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">`,
    STYLE,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    text(MARGIN, 22, look.title, 'head'),
    text(MARGIN, 40, look.subtitle, 'note'),
    text(MARGIN, HEADER - 4, 'click: zoom; Escape: all of it', 'note'),
    SEARCH,
    ...shares.map((share, index) => legendEntry(share, index, look)),
    `<text class="details" x="${MARGIN}" y="${top - 5}"> </text>`,
    ...boxes.map((box) => drawBox(box, top, look)),
    `<script><![CDATA[${viewerScript({ marginPixels: MARGIN, framesPixels: FRAMES_WIDTH, characterPixels: CHARACTER })}]]></script>`,
    '</svg>\n',
  ].join('\n');
}

const STYLE = `<style>
text { font: 11px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1d2126; pointer-events: none; }
.head { font-size: 16px; font-weight: bold; } .note { fill: #5c6670; } .details { fill: #1d2126; }
.f { cursor: pointer; } .f rect { stroke: #fff; stroke-width: 0.5; } .f:hover rect { stroke: #000; } rect.hit { fill: #c73be0 !important; }
input { font: 11px monospace; width: 200px; border: 1px solid #9aa3ad; padding: 1px 4px; }
</style>`;

const SEARCH = [
  `<foreignObject x="${WIDTH - MARGIN - 220}" y="8" width="220" height="24">`,
  '<input xmlns="http://www.w3.org/1999/xhtml" type="text" placeholder="search: a regular expression"/></foreignObject>',
  `<text class="found" x="${WIDTH - MARGIN - 216}" y="46"> </text>`,
].join('');

function legendEntry(share: PhaseShare, index: number, look: Look): string {
  const x = MARGIN + (index % LEGEND_COLUMNS) * (FRAMES_WIDTH / LEGEND_COLUMNS);
  const y = HEADER + Math.floor(index / LEGEND_COLUMNS) * ROW;
  return `<rect x="${x}" y="${y}" width="11" height="11" fill="${phaseColour(share.phase)}"/>${text(x + 16, y + 10, look.legend(share))}`;
}

function drawBox({ node, depth, start, width }: FlameBox, top: number, look: Look): string {
  const x = MARGIN + start * FRAMES_WIDTH;
  const pixels = width * FRAMES_WIDTH;
  const y = top + depth * ROW;
  return [
    `<g class="f" data-x="${fraction(start)}" data-w="${fraction(width)}" data-d="${depth}">`,
    `<title>${escapeXml(look.tooltip(node))}</title>`,
    `<rect x="${x.toFixed(2)}" y="${y}" width="${pixels.toFixed(2)}" height="${ROW - 1}" fill="${look.colour(node)}"/>`,
    text(x + 3, y + 12, fitted(node.label, pixels)),
    '</g>',
  ].join('');
}

function text(x: number, y: number, content: string, className?: string): string {
  const styled = className === undefined ? '' : ` class="${className}"`;
  return `<text${styled} x="${x.toFixed(2)}" y="${y}">${escapeXml(content)}</text>`;
}

function fitted(label: string, pixels: number): string {
  const room = Math.floor((pixels - 6) / CHARACTER);
  if (room < LABEL_CHARACTERS_MIN) return '';
  return label.length <= room ? label : `${label.slice(0, room - 1)}…`;
}

function fraction(value: number): string {
  return value.toFixed(7);
}
