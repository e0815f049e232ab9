import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

const TYPESCRIPT_LOADER = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api')).href;

/** Runs module source in a worker thread in which TypeScript can be imported, with `parentPort` in scope. */
export function startSourceWorker(source: string): Worker {
  const module = `
    import { parentPort } from 'node:worker_threads';
    import { register } from ${JSON.stringify(TYPESCRIPT_LOADER)};
    register();
    ${source}`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(module)}`));
}
