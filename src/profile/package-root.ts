import { fileURLToPath } from 'node:url';

/** Where `src/` and `workers/` of this very package are: the root of the sources, or `dist/`. */
export const PACKAGE_ROOT = fileURLToPath(new URL('../../', import.meta.url));
