import { Worker } from 'node:worker_threads';
import { onTestFinished, vi } from 'vitest';

/** The worker threads that are started from now on in this test, as long as they live. */
export function collectWorkers(): ReadonlySet<Worker> {
  const workers = new Set<Worker>();
  const { postMessage } = Worker.prototype;
  // Every worker is told what to load by a message.
  const spy = vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, ...message) {
    workers.add(this);
    this.once('exit', () => workers.delete(this));
    postMessage.apply(this, message);
  });
  onTestFinished(() => {
    spy.mockRestore();
  });
  return workers;
}
