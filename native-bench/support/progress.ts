import { SingleBar } from 'cli-progress';

export interface Progress {
  update(value: number, note?: string): void;
  stop(): void;
}

const SILENT: Progress = { update: () => undefined, stop: () => undefined };

/** A progress bar on a terminal; nothing in a pipe, where only results belong. */
export function startProgress(label: string, total: number, unit: string): Progress {
  if (!process.stdout.isTTY) return SILENT;
  const format = `  ${label} [{bar}] {value}/{total} ${unit} {note}`;
  const bar = new SingleBar({ format, hideCursor: true, clearOnComplete: true, fps: 8 });
  bar.start(total, 0, { note: '' });
  return {
    update: (value, note = '') => bar.update(value, { note }),
    stop: () => bar.stop(),
  };
}
