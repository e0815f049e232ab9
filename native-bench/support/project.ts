import { existsSync } from 'node:fs';

/** The directory of this project, wherever below it this file runs from: its source, or what was built of it. */
export const PROJECT_URL = findProject(new URL('./', import.meta.url));

function findProject(directory: URL): URL {
  if (existsSync(new URL('package.json', directory))) return directory;
  const parent = new URL('../', directory);
  if (parent.href === directory.href) throw new Error(`no package.json above ${import.meta.url}`);
  return findProject(parent);
}
