import { createRequire } from 'node:module';

/** The version of the package, by its own name, which works from the sources, from `dist` and installed. */
export function packageVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('stemedb/package.json');
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined;
  return String(version ?? 'unknown');
}
