import { descendants, endProcess } from './descendants.js';

/** Ends the processes that `run` has started when it takes too long: one engine that hangs must not cost all other rows. */
export async function withTimeLimit<T>(elapsedMsMax: number, run: () => Promise<T>): Promise<T> {
  const others = new Set(descendants());
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    for (const pid of descendants()) if (!others.has(pid)) endProcess(pid);
  }, elapsedMsMax);
  try {
    return await run();
  } catch (error) {
    if (isOver) throw new Error(`ended after ${elapsedMsMax / 1000} s without a result`, { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
