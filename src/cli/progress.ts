import { Presets, SingleBar } from 'cli-progress';
import type { Clock } from '../base/clock.js';
import type { CliOutput } from './cli-environment.js';
import { formatCount, formatMs } from './units.js';

export interface IngestProgress {
  readonly sourceBytes: number;
  readonly storedRecords: number;
  readonly rejectedRecords: number;
  readonly durationMs: number;
  /** Age of the oldest write that waits for its sync. */
  readonly syncLagMs: number;
}

export interface Progress {
  /** Called often; `snapshot` is taken only when something is drawn. */
  report(snapshot: () => IngestProgress): void;
  stop(): void;
}

export const silentProgress: Progress = { report: () => {}, stop: () => {} };

const REDRAW_MS = 100;

/** One line on a terminal: a bar where the size is known, and always records, records/s, MB/s and the lag of the last sync. */
export class TerminalProgress implements Progress {
  readonly #bar: SingleBar;
  readonly #clock: Clock;
  #nextDrawMs = 0;

  constructor(stream: CliOutput, clock: Clock, totalBytes: number | undefined) {
    const gauge = totalBytes === undefined ? '' : '{bar} {percentage}% | ';
    this.#clock = clock;
    this.#bar = new SingleBar(
      { stream, format: `${gauge}{text}`, hideCursor: true, clearOnComplete: true, barsize: 24 },
      Presets.shades_classic,
    );
    this.#bar.start(totalBytes ?? 1, 0, { text: 'starting' });
  }

  report(snapshot: () => IngestProgress): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#nextDrawMs) return;
    this.#nextDrawMs = nowMs + REDRAW_MS;
    const progress = snapshot();
    this.#bar.update(progress.sourceBytes, { text: describeProgress(progress) });
  }

  stop(): void {
    this.#bar.stop();
  }
}

export function describeProgress(progress: IngestProgress): string {
  const seconds = Math.max(progress.durationMs, 1) / 1000;
  const parts = [
    `${formatCount(progress.storedRecords)} records`,
    `${formatCount(progress.storedRecords / seconds)} records/s`,
    `${(progress.sourceBytes / 1e6 / seconds).toFixed(1)} MB/s`,
    `sync lag ${formatMs(progress.syncLagMs)}`,
  ];
  if (progress.rejectedRecords > 0) parts.push(`${formatCount(progress.rejectedRecords)} rejected`);
  return parts.join(' | ');
}
