import { Worker } from 'node:worker_threads';

/** In the thread of the watchdog: says what does not end, and ends the process, which cannot do so itself. */
const WATCH = `
const { parentPort, workerData } = require('node:worker_threads');
const fs = require('node:fs');
let timer;
parentPort.on('message', (what) => {
  clearTimeout(timer);
  if (what === undefined) return parentPort.close();
  timer = setTimeout(() => {
    fs.writeSync(2, 'it hangs: ' + what + '\\n');
    process.kill(process.pid, 'SIGKILL');
  }, workerData);
});
`;

/** A deadline that holds though the watched thread is in a loop. */
export class Watchdog {
  readonly #worker: Worker;

  constructor(deadlineMs: number) {
    this.#worker = new Worker(WATCH, { eval: true, workerData: deadlineMs });
  }

  /** The former work is over, and this one has begun. */
  begin(what: string): void {
    this.#worker.postMessage(what);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
