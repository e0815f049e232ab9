import { createRequire } from 'node:module';

/** Where the peers live that are too large for everybody's install. */
export const PEERS_URL = new URL('./', import.meta.url);

const require = createRequire(new URL('package.json', PEERS_URL));

/** Loads one of them. What of it is used is typed by its adapter, since its own types are not there when this project is checked. */
export function requirePeer<T>(name: string): T {
  return require(name) as T;
}
