import { join } from 'node:path';
import { parseFileName } from '../../src/base/file-names.js';
import { BLOB_HEADER_BYTES } from '../../src/blob/blob-format.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { FrameScanner } from '../../src/log/frame-scanner.js';
import { logIdentity } from '../../src/log/log-format.js';
import { readLogHeader } from '../../src/log/log-header.js';
import { manifestIdentity } from '../../src/version/manifest-header.js';
import { decodeSegmentHeader } from '../../src/wal/wal-segment.js';
import { type Region, tableRegions } from '../support/table-regions.js';
import type { KnownDatabase } from './known-database.js';

/** Bytes that mean nothing: padding, prepared space, what an earlier life left. */
export const UNUSED = 'unused';

/** All of a file in regions, in order and without gaps. */
export async function fileRegions(known: KnownDatabase, name: string): Promise<Region[]> {
  const path = join(known.directory, name);
  const sizeBytes = (await known.disk.statBytes(path)) ?? 0;
  const regions = await namedRegions(known, path, name, sizeBytes);
  return withGaps(regions, sizeBytes);
}

async function namedRegions(known: KnownDatabase, path: string, name: string, sizeBytes: number): Promise<Region[]> {
  const file = parseFileName(name);
  switch (file?.kind) {
    case 'table':
      return tableRegions(known.disk, path, file.number);
    case 'blob':
      return [
        { name: 'header', offsetBytes: 0, lengthBytes: BLOB_HEADER_BYTES },
        { name: 'values', offsetBytes: BLOB_HEADER_BYTES, lengthBytes: sizeBytes - BLOB_HEADER_BYTES },
      ];
    case 'log':
      return logFrames(known.disk, path, file.number, known.databaseId);
    case 'manifest':
      return frames(known.disk, path, manifestIdentity(file.number), 8);
    case 'recycled':
      return [];
    default:
      return [{ name: 'all', offsetBytes: 0, lengthBytes: sizeBytes }];
  }
}

async function logFrames(fileSystem: FileSystem, path: string, number: number, databaseId: number): Promise<Region[]> {
  const identity = logIdentity(databaseId, number);
  const header = await readLogHeader(fileSystem, path, identity);
  if (header === undefined) return [];
  return frames(fileSystem, path, identity, decodeSegmentHeader(header, path).alignmentBytes);
}

/** A frame up to its payload's end; the last one apart, since a log cannot tell whether it was ever whole. */
async function frames(
  fileSystem: FileSystem,
  path: string,
  identity: number,
  alignmentBytes: number,
): Promise<Region[]> {
  const found: Region[] = [];
  const scanner = await FrameScanner.open(fileSystem, path, { identity, alignmentBytes });
  try {
    for (let at = 0; ; ) {
      const frame = await scanner.frameAt(at);
      if (!frame.isIntact) break;
      const lengthBytes = 32 + frame.payloadBytes;
      found.push({ name: at === 0 ? 'header frame' : 'frame', offsetBytes: at, lengthBytes });
      at = frame.endBytes;
    }
  } finally {
    await scanner.close();
  }
  const last = found.pop();
  return last === undefined ? [] : [...found, last.offsetBytes === 0 ? last : { ...last, name: 'last frame' }];
}

function withGaps(regions: readonly Region[], sizeBytes: number): Region[] {
  const sorted = [...regions].sort((a, b) => a.offsetBytes - b.offsetBytes);
  const all: Region[] = [];
  let end = 0;
  for (const region of [...sorted, { name: UNUSED, offsetBytes: sizeBytes, lengthBytes: 0 }]) {
    if (region.offsetBytes > end) {
      all.push({ name: UNUSED, offsetBytes: end, lengthBytes: region.offsetBytes - end });
    }
    if (region.lengthBytes > 0) all.push(region);
    end = region.offsetBytes + region.lengthBytes;
  }
  return all;
}
