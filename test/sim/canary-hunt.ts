/** Runs inside the copy of a tree with a canary in it: simulates seeds until one fails, and says which as JSON. */
import { FOCUSES } from './draw-steps.js';
import { simulate } from './simulate.js';

const [firstSeed, seedCount] = process.argv.slice(2, 4).map(Number);
const focus = FOCUSES.find((each) => each === process.argv[4]);

export interface Catch {
  readonly seed: number;
  readonly crashPoint: string | undefined;
  readonly message: string;
  /** The seed and the crash point alone led to the same again. */
  readonly isReplayed: boolean;
}

async function hunt(): Promise<Catch | undefined> {
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    const { failure } = await simulate({ seed, focus });
    if (failure === undefined) continue;
    const { crashPoint } = failure;
    const { message } = failure.violation;
    const again = await simulate({ seed, focus, ...(crashPoint !== undefined && { crashPoint }) });
    return { seed, crashPoint, message, isReplayed: again.failure?.violation.message === message };
  }
  return undefined;
}

process.stdout.write(JSON.stringify((await hunt()) ?? null));
