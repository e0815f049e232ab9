import fs from 'node:fs';
import { createRequire } from 'node:module';
import type { FileMapping } from './file-system.js';
import { ioError } from './io-error.js';

interface MmapAddon {
  readonly PROT_READ: number;
  readonly MAP_SHARED: number;
  map(sizeBytes: number, protection: number, flags: number, fd: number): Uint8Array;
}

/** The addon takes the size as a C int: past this it would map the wrong length. */
const MAPPING_BYTES_MAX = 2 ** 31 - 1;

/**
 * Where the addon may be, best first: the package's own entry finds its binary through an installer's library, which takes
 * forty times as long to load, in every thread.
 */
const ADDON_IDS = ['mmap-io/build/Release/mmap_io.node', 'mmap-io'];

type Loaded = { readonly addon: MmapAddon } | { readonly reason: string };

let loaded: Loaded | undefined;

/** Why `mapFile` cannot work in this thread, or undefined where it can. The addon is optional: it may be missing or unbuilt. */
export function mmapUnavailableReason(): string | undefined {
  const result = addonOnce();
  return 'reason' in result ? result.reason : undefined;
}

/** Maps the whole file read-only and shared; undefined where that is not to be had (no addon, empty or huge file, refusal). */
export function mapFile(path: string): FileMapping | undefined {
  const result = addonOnce();
  if ('reason' in result) return undefined;
  try {
    const fd = fs.openSync(path, fs.constants.O_RDONLY);
    try {
      return mapDescriptor(result.addon, fd);
    } finally {
      // The mapping keeps the file by itself.
      fs.closeSync(fd);
    }
  } catch (error) {
    throw ioError('map', path, error);
  }
}

function mapDescriptor(addon: MmapAddon, fd: number): FileMapping | undefined {
  const sizeBytes = fs.fstatSync(fd).size;
  if (sizeBytes === 0 || sizeBytes > MAPPING_BYTES_MAX) return undefined;
  try {
    return { bytes: addon.map(sizeBytes, addon.PROT_READ, addon.MAP_SHARED, fd) };
  } catch {
    // Some file systems refuse mmap, and address space runs out; the caller then reads, and a sick disk shows itself there.
    return undefined;
  }
}

function addonOnce(): Loaded {
  loaded ??= load(createRequire(import.meta.url));
  return loaded;
}

function load(require: (id: string) => unknown): Loaded {
  let reason = '';
  for (const id of ADDON_IDS) {
    try {
      const addon = require(id);
      if (isMmapAddon(addon)) return { addon };
      reason = `${id} is not the addon that was expected`;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
  }
  return { reason: `mmap-io cannot be loaded: ${reason}` };
}

function isMmapAddon(value: unknown): value is MmapAddon {
  return typeof value === 'object' && value !== null && 'map' in value && 'PROT_READ' in value && 'MAP_SHARED' in value;
}
