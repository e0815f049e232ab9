import { escapeHtml } from './html-escape.js';
import type { TableRows } from './table-rows.js';

export function htmlTable([heading, ...rows]: TableRows, caption: string): string {
  const isNumber = heading.map((_, column) => rows.every((row) => /^[-+\d]|^$/.test(row[column] ?? '')));
  const head = heading.map(
    (cell, column) => `<th scope="col"${classOf('', isNumber[column])}>${escapeHtml(cell)}</th>`,
  );
  const body = rows.map((row) => `<tr>${row.map((cell, column) => htmlCell(cell, isNumber[column])).join('')}</tr>`);
  return [
    '<div class="scroll" tabindex="0" role="group" aria-label="table"><table>',
    `<caption>${escapeHtml(caption)}</caption>`,
    `<thead><tr>${head.join('')}</tr></thead>`,
    `<tbody>${body.join('\n')}</tbody>`,
    '</table></div>',
  ].join('\n');
}

function htmlCell(cell: string, isNumber: boolean): string {
  return `<td${classOf(cell, isNumber)}>${escapeHtml(cell)}</td>`;
}

/** A verdict is told by its word; the colour only helps to find it. */
function classOf(cell: string, isNumber: boolean): string {
  if (/^met\b/.test(cell)) return ' class="met"';
  if (/^MISSED\b/.test(cell)) return ' class="missed"';
  return isNumber ? ' class="number"' : '';
}
