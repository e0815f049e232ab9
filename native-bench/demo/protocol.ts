/** What the ingesting child of the demo is told, and what it reports, one line each. */

/** Batches from `first` up to, not including, `end`. */
export interface BatchRange {
  readonly first: number;
  readonly end: number;
}

export interface IngestTask {
  readonly directory: string;
  readonly seed: number;
  readonly telemetryCount: number;
  readonly ranges: readonly BatchRange[];
}

/** How the child is doing, counted from its open. */
export interface IngestStatus {
  readonly elapsedMs: number;
  readonly records: number;
  readonly bytes: number;
  readonly syncs: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly eventLoopDelayP99Ms: number;
  readonly syncMode: string;
}

export type IngestReport =
  | { readonly kind: 'begin'; readonly batch: number }
  | { readonly kind: 'ack'; readonly batch: number }
  | { readonly kind: 'status'; readonly status: IngestStatus };

export function encodeReport(report: IngestReport): string {
  if (report.kind === 'status') return `status ${JSON.stringify(report.status)}`;
  return `${report.kind} ${report.batch}`;
}

export function decodeReport(line: string): IngestReport {
  const space = line.indexOf(' ');
  const kind = line.slice(0, space);
  const rest = line.slice(space + 1);
  if (kind === 'status') return { kind, status: JSON.parse(rest) as IngestStatus };
  if (kind === 'begin' || kind === 'ack') return { kind, batch: Number(rest) };
  throw new Error(`the ingesting process reported something unknown: ${line}`);
}
