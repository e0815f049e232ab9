const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

const undoings = new Set<() => void>();
let isListening = false;

/**
 * `undo`, which must be synchronous, runs when it is called through the returned function, and at the latest when the process ends: by
 * itself, by an exception, or by Ctrl-C.
 */
export function undoOnExit(undo: () => void): () => void {
  listen();
  undoings.add(undo);
  return () => {
    if (undoings.delete(undo)) undo();
  };
}

function listen(): void {
  if (isListening) return;
  isListening = true;
  process.once('exit', () => {
    for (const undo of [...undoings].reverse()) undo();
  });
  // Stays: Ctrl-C reaches us twice, from the terminal and from what started us, and the second must not end the clearing away.
  for (const [signal, number] of Object.entries(SIGNAL_NUMBERS)) process.on(signal, () => process.exit(128 + number));
}
