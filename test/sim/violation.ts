/** What a simulation found wrong with the engine. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** Anything that goes wrong in a simulation is a violation: nothing in it is allowed to fail. */
export function violationOf(what: string, cause: unknown): Violation {
  if (cause instanceof Violation) return cause;
  return new Violation(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
