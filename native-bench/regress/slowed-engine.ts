/**
 * The canary's slowdown: an engine whose calls take a given share of all time once more. It is put in front of a built engine, whose
 * own code stays as it is, and burns CPU on the calling thread: whatever the caller spends with the engine takes so much longer.
 */

/** Burned in one piece: shorter pieces would pass unseen while the thread waits for the disk anyway. */
const BURN_MS_MIN = 1;
/** A pause of the caller longer than this is no work with the engine. */
const STRETCH_MS_MAX = 50;
/** Calls between two looks at the clock, which itself costs time: as many as keep looks about so far apart. */
const LOOK_INTERVAL_MS = 0.1;
const LOOK_CALLS_MAX = 64;

type Method = (this: unknown, ...arguments_: unknown[]) => unknown;
type Open = (...arguments_: never[]) => Promise<object>;

export function slowedOpen<T extends Open>(open: T, share: number): T {
  const slowed = async (...arguments_: Parameters<T>): Promise<object> => {
    const beganMs = performance.now();
    const database = await open(...arguments_);
    burn((performance.now() - beganMs) * share);
    slowMethods(Object.getPrototypeOf(database), new Brake(share));
    return database;
  };
  return slowed as T;
}

/** Returns how long it took: longer than asked for where other processes wanted the CPU too, and that is paid back later. */
function burn(milliseconds: number): number {
  const beganMs = performance.now();
  let passedMs = 0;
  while (passedMs < milliseconds) passedMs = performance.now() - beganMs;
  return passedMs;
}

/** Says at each call whether it is time to burn, and for how long. */
export class Brake {
  readonly #share: number;
  #callsUntilLook = 1;
  #callsBetweenLooks = 1;
  #lookedMs = performance.now();
  #owedMs = 0;

  constructor(share: number) {
    this.#share = share;
  }

  onCall(): void {
    if (--this.#callsUntilLook > 0) return;
    const passedMs = performance.now() - this.#lookedMs;
    this.#callsBetweenLooks =
      passedMs > LOOK_INTERVAL_MS
        ? Math.max(1, this.#callsBetweenLooks >> 1)
        : Math.min(LOOK_CALLS_MAX, this.#callsBetweenLooks * 2);
    this.#callsUntilLook = this.#callsBetweenLooks;
    this.#owedMs += Math.min(passedMs, STRETCH_MS_MAX) * this.#share;
    if (this.#owedMs >= BURN_MS_MIN) this.#owedMs -= burn(this.#owedMs);
    this.#lookedMs = performance.now();
  }
}

const slowedPrototypes = new WeakSet<object>();

/** On the prototype, so that objects keep their private fields and their shape. */
function slowMethods(prototype: object, brake: Brake): void {
  if (slowedPrototypes.has(prototype)) return;
  slowedPrototypes.add(prototype);
  for (const name of Reflect.ownKeys(prototype)) {
    const { value, writable } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
    if (name === 'constructor' || typeof value !== 'function' || writable !== true) continue;
    Object.defineProperty(prototype, name, { writable: true, configurable: true, value: slowMethod(value, brake) });
  }
}

function slowMethod(method: Method, brake: Brake): Method {
  let isFirst = true;
  return function slowed(this: unknown, ...arguments_: unknown[]): unknown {
    brake.onCall();
    const result = method.apply(this, arguments_);
    if (isFirst) {
      isFirst = false;
      // What hands out iterators always does.
      if (isIterator(result)) slowMethods(Object.getPrototypeOf(result), brake);
    }
    return result;
  };
}

function isIterator(value: unknown): value is object {
  return typeof value === 'object' && value !== null && ('nextv' in value || 'next' in value);
}
