import type { CliEnvironment } from '../cli-environment.js';

/** Tells people that there was nothing to do, which is no error; programs see it in the output. */
export function writeNote(environment: CliEnvironment, { json }: { readonly json?: boolean }, text: string): void {
  if (json !== true) environment.stderr.write(`note: ${text}\n`);
}
