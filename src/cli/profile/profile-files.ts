import type { FileSystem } from '../../fs/file-system.js';
import { differenceSvg, profileSvg } from '../../profile/flame-svg.js';
import { decodeProfile, encodeProfile } from '../../profile/saved-profile.js';
import type { StackProfile } from '../../profile/stack-profile.js';
import { UsageError } from '../usage-error.js';

/** What a file of a profile is, by its ending: a graph, or what graphs are made of. */
export function checkOutputPath(path: string, endings: readonly string[] = ['.svg', '.json']): void {
  if (endings.some((ending) => path.endsWith(ending))) return;
  const ways = endings.map((ending) => (ending === '.svg' ? '.svg, a graph' : '.json, to compare it later'));
  throw new UsageError(`--out must end in ${ways.join(', or in ')}`);
}

export async function writeProfile(fileSystem: FileSystem, path: string, profile: StackProfile): Promise<void> {
  const text = path.endsWith('.json') ? `${JSON.stringify(encodeProfile(profile))}\n` : profileSvg(profile);
  await writeText(fileSystem, path, text);
}

export async function readProfile(fileSystem: FileSystem, path: string): Promise<StackProfile> {
  return decodeProfile(await readText(fileSystem, path), path);
}

export async function writeDifference(
  fileSystem: FileSystem,
  path: string,
  before: StackProfile,
  after: StackProfile,
): Promise<void> {
  await writeText(fileSystem, path, differenceSvg(before, after));
}

export async function readText(fileSystem: FileSystem, path: string): Promise<string> {
  const handle = await fileSystem.open(path, 'read');
  try {
    const bytes = Buffer.alloc(await handle.sizeBytes());
    const read = await handle.read(bytes, 0);
    return bytes.toString('utf8', 0, read);
  } finally {
    await handle.close();
  }
}

async function writeText(fileSystem: FileSystem, path: string, text: string): Promise<void> {
  const handle = await fileSystem.open(path, 'create');
  try {
    await handle.write(Buffer.from(text), 0);
  } finally {
    await handle.close();
  }
}
