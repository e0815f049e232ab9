/** How long a promise may take on a loaded machine before it counts as one that never settles. */
const HANG_MS = 20_000;

/** `promise`, or a failure that names `what` if it does not settle: a hang is a result of its own, not a timeout of the whole test. */
export async function settles<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it hangs: ${what}`)), HANG_MS);
  });
  try {
    return await Promise.race([promise, hang]);
  } finally {
    clearTimeout(timer);
  }
}

export type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/** How `promise` ended, as data; it must end. */
export function outcomeOf<T>(what: string, promise: Promise<T>): Promise<Outcome<T>> {
  return settles(
    what,
    promise.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    ),
  );
}
