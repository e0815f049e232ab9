import type { ScannedEntry } from './scan.js';

/** A line with something in it. */
export interface SourceLine {
  /** From 1; empty lines count. */
  readonly number: number;
  /** Without its ending. */
  readonly bytes: Buffer;
}

/** What docs/cli.md says about records: `\n` and `\r\n` end one, and empty ones are skipped. */
export function linesOf(source: Buffer): SourceLine[] {
  const lines: SourceLine[] = [];
  let number = 1;
  for (let start = 0; start < source.length; number++) {
    const newline = source.indexOf('\n', start);
    const end = newline === -1 ? source.length : newline;
    const hasReturn = end > start && source[end - 1] === '\r'.charCodeAt(0);
    const bytes = source.subarray(start, hasReturn ? end - 1 : end);
    if (bytes.length > 0) lines.push({ number, bytes });
    start = end + 1;
  }
  return lines;
}

/** The key of a line whose key comes from its position. */
export function keyOfLine(sourceName: string, line: number): string {
  return `${sourceName}:${String(line).padStart(12, '0')}`;
}

/** What a database holds after the lines of a source went in. */
export function entriesOfLines(sourceName: string, lines: readonly SourceLine[]): ScannedEntry[] {
  return lines.map(({ number, bytes }) => [keyOfLine(sourceName, number), bytes]);
}
