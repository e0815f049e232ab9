import { Presets, SingleBar } from 'cli-progress';
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

/** The same with a bar, for work of which the end is known. */
export function startBar(
  { stderr }: CliEnvironment,
  isJson: boolean,
  total: number,
  state: () => { readonly done: number; readonly text: string },
): () => void {
  if (isJson || stderr.isTTY !== true) return () => {};
  const options = { stream: stderr, format: '{bar} {percentage}% | {text}', hideCursor: true, clearOnComplete: true };
  const bar = new SingleBar({ ...options, barsize: 24 }, Presets.shades_classic);
  const draw = (): void => {
    const { done, text } = state();
    bar.update(done, { text });
  };
  bar.start(Math.max(1, total), 0, { text: state().text });
  const redrawing = setInterval(draw, REDRAW_MS);
  return () => {
    clearInterval(redrawing);
    draw();
    bar.stop();
  };
}
