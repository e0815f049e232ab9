const PLAIN = /^[\w@%+=:,./-]+$/;

/** A word of a command line as a POSIX shell takes it, in quotes where it needs them. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
