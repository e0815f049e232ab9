import { Presets, SingleBar } from 'cli-progress';
import type { Clock } from '../base/clock.js';
import type { CliEnvironment, CliOutput } from './cli-environment.js';
import { formatBytes } from './units.js';

/** How far work on so many bytes has come. */
export interface ByteProgress {
  report(doneBytes: number, totalBytes: number): void;
  stop(): void;
}

const silentByteProgress: ByteProgress = { report: () => {}, stop: () => {} };

/** A bar on a terminal, nothing in a pipe or with `--json`. */
export function byteProgressFor({ stderr, clock }: CliEnvironment, isJson: boolean): ByteProgress {
  return isJson || stderr.isTTY !== true ? silentByteProgress : new ByteBar(stderr, clock);
}

const REDRAW_MS = 100;

class ByteBar implements ByteProgress {
  readonly #bar: SingleBar;
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  #nextDrawMs = 0;

  constructor(stream: CliOutput, clock: Clock) {
    this.#clock = clock;
    this.#startedAtMs = clock.monotonicMs();
    this.#bar = new SingleBar(
      { stream, format: '{bar} {percentage}% | {text}', hideCursor: true, clearOnComplete: true, barsize: 24 },
      Presets.shades_classic,
    );
    this.#bar.start(1, 0, { text: 'starting' });
  }

  report(doneBytes: number, totalBytes: number): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#nextDrawMs) return;
    this.#nextDrawMs = nowMs + REDRAW_MS;
    const bytesPerSecond = (doneBytes * 1000) / Math.max(1, nowMs - this.#startedAtMs);
    this.#bar.setTotal(Math.max(1, totalBytes));
    const text = `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)} | ${formatBytes(Math.round(bytesPerSecond))}/s`;
    this.#bar.update(doneBytes, { text });
  }

  stop(): void {
    this.#bar.stop();
  }
}
