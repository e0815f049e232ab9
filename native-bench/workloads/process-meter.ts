import { EventLoopDelay } from '../support/event-loop-delay.js';
import { processIo } from './process-io.js';
import { ResidentPeak } from './resident-peak.js';
import type { Meter } from './workload.js';
import type { ProcessFigures } from './workload-result.js';

type MeteredFigures = Omit<ProcessFigures, 'storedBytes'>;

/** Takes what the whole process used between start and stop. */
export class ProcessMeter implements Meter {
  readonly #delay = new EventLoopDelay();
  readonly #peak = new ResidentPeak();
  #ioBefore = processIo();
  #cpuBefore = process.cpuUsage();
  #figures: MeteredFigures | undefined;

  start(): void {
    this.#peak.start();
    this.#delay.start();
    this.#ioBefore = processIo();
    this.#cpuBefore = process.cpuUsage();
  }

  stop(): void {
    const cpu = process.cpuUsage(this.#cpuBefore);
    const io = processIo();
    this.#delay.stop();
    this.#figures = {
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      rssBytesMax: this.#peak.stop(),
      writtenBytes: io.writtenBytes - this.#ioBefore.writtenBytes,
      readBytes: io.readBytes - this.#ioBefore.readBytes,
      // A loop that never turned has no quantile.
      eventLoopDelayMsP99: this.#delay.maxMs === 0 ? 0 : this.#delay.p99Ms,
      eventLoopDelayMsMax: this.#delay.maxMs,
    };
  }

  get figures(): MeteredFigures {
    if (this.#figures === undefined) throw new Error('the workload has not stopped its meter');
    return this.#figures;
  }
}
