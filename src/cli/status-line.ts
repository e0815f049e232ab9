import { SingleBar } from 'cli-progress';
import type { CliEnvironment } from './cli-environment.js';

const REDRAW_MS = 200;

/** A line on a terminal that says again and again how things are, for work whose end is not known. Returns how to end it. */
export function startStatusLine({ stderr }: CliEnvironment, isJson: boolean, text: () => string): () => void {
  if (isJson || stderr.isTTY !== true) return () => {};
  const line = new SingleBar({ stream: stderr, format: '{text}', hideCursor: true, clearOnComplete: true });
  line.start(1, 0, { text: text() });
  const redrawing = setInterval(() => line.update(0, { text: text() }), REDRAW_MS);
  return () => {
    clearInterval(redrawing);
    line.stop();
  };
}
