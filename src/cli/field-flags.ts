import type { FormatName } from './record-reader/record-reader.js';
import { UsageError } from './usage-error.js';

/** Options that name a field are wrong for lines: `flags` has each by the name that the user knows. Errors: UsageError. */
export function refuseFieldsOfLines(
  format: FormatName | undefined,
  flags: Readonly<Record<`--${string}`, string | undefined>>,
): void {
  if (format !== 'lines') return;
  const named = Object.entries(flags).find(([, field]) => field !== undefined)?.[0];
  if (named === undefined) return;
  throw new UsageError(`${named} needs records with fields; lines have none`, 'add --format ndjson or --format csv');
}
