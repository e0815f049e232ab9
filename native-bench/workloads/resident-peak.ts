import { readFileSync, writeFileSync } from 'node:fs';

const SAMPLE_MS = 50;

/** The most memory that the process had between start and stop. */
export class ResidentPeak {
  #isKernelPeak = false;
  #sampledBytesMax = 0;
  #timer: NodeJS.Timeout | undefined;

  start(): void {
    this.#isKernelPeak = resetKernelPeak();
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
    this.#timer.unref();
  }

  /** Returns the peak. A loop that lets no timer fire is seen by the kernel, or else at its end. */
  stop(): number {
    clearInterval(this.#timer);
    this.#sample();
    return Math.max(this.#sampledBytesMax, this.#isKernelPeak ? kernelPeakBytes() : 0);
  }

  #sample(): void {
    this.#sampledBytesMax = Math.max(this.#sampledBytesMax, process.memoryUsage.rss());
  }
}

/** Makes the kernel forget what was before; false where it keeps no peak, or keeps that of the whole life. */
function resetKernelPeak(): boolean {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return true;
  } catch {
    return false;
  }
}

function kernelPeakBytes(): number {
  return parsePeakBytes(readFileSync('/proc/self/status', 'utf8'));
}

export function parsePeakBytes(status: string): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
