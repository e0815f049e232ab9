/** Options of Node by whose name a worker may be looked at as its process is; a value stands behind a `=`, or in the next argument. */
const INHERITED = /^--(?:cpu-prof|heap-prof|enable-source-maps)/;

/**
 * What of its process's command line a worker gets: nothing that loads code of the application. The engine's workers have no use
 * for that, and it may cost them dear: a TypeScript loader rewrites their modules too, and they run at half their speed. Much of the
 * rest a worker would refuse, or has from its process in any case.
 */
export function workerArguments(processArguments: readonly string[]): string[] {
  return processArguments.filter((argument, i) => {
    if (INHERITED.test(argument)) return true;
    const isValue = !argument.startsWith('-') && i > 0;
    return isValue && INHERITED.test(processArguments[i - 1]) && !processArguments[i - 1].includes('=');
  });
}
