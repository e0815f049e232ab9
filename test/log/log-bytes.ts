import { alignUp } from '../../src/base/bytes.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import type { ScanOptions } from '../../src/log/frame-scanner.js';
import { FRAME_FULL, FRAME_HEADER, FRAME_HEADER_BYTES, sealFrame } from '../../src/log/log-format.js';
import { type LogEvent, LogReader } from '../../src/log/log-reader.js';

/** Logs laid out by hand, so that the reader is tested against the format and not against the writer. */

export const IDENTITY = 0x5eed1d01;
export const PATH = '/db/log';

export interface FrameSpec {
  readonly payload: Uint8Array | string;
  readonly ordinal: number;
  readonly type?: number;
  readonly durableMark?: number;
  readonly identity?: number;
  readonly alignmentBytes?: number;
}

/** One frame with its padding. */
export function frameOf(spec: FrameSpec): Uint8Array {
  const payload = Buffer.from(spec.payload);
  const frameBytes = FRAME_HEADER_BYTES + payload.length;
  const padded = new Uint8Array(alignUp(frameBytes, spec.alignmentBytes ?? 8));
  padded.set(payload, FRAME_HEADER_BYTES);
  const { ordinal, type = FRAME_FULL, durableMark = 0, identity = IDENTITY } = spec;
  sealFrame(padded, 0, frameBytes, { identity, ordinal, durableMark, type });
  return padded;
}

/** A log of a header and one full frame for each payload. */
export function framesOf(payloads: readonly (Uint8Array | string)[], marks: readonly number[] = []): Uint8Array[] {
  const header = frameOf({ payload: 'header', ordinal: 0, type: FRAME_HEADER });
  const records = payloads.map((payload, i) => frameOf({ payload, ordinal: i + 1, durableMark: marks[i] ?? 0 }));
  return [header, ...records];
}

/** A directory /db with these files, all of it durable. */
export async function memoryWith(files: Record<string, Uint8Array>): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem();
  await fileSystem.makeDirectory('/db');
  for (const [path, bytes] of Object.entries(files)) writeFile(fileSystem, path, bytes);
  fileSystem.syncDirectorySync('/');
  fileSystem.syncDirectorySync('/db');
  return fileSystem;
}

export function writeFile(fileSystem: FileSystem, path: string, bytes: Uint8Array): void {
  const handle = fileSystem.openSync(path, 'create');
  handle.writeSync(bytes, 0);
  handle.datasyncSync();
  handle.closeSync();
}

export function readFile(fileSystem: FileSystem, path: string): Buffer {
  const handle = fileSystem.openSync(path, 'read');
  const bytes = Buffer.alloc(handle.sizeBytesSync());
  handle.readSync(bytes, 0);
  handle.closeSync();
  return bytes;
}

/** All events up to the end, resuming after damage when asked to. */
export async function eventsOf(
  fileSystem: FileSystem,
  options: Partial<ScanOptions> & { path?: string; resume?: boolean } = {},
): Promise<LogEvent[]> {
  const { path = PATH, resume = false, ...scan } = options;
  const reader = await LogReader.open(fileSystem, path, { identity: IDENTITY, ...scan });
  const events: LogEvent[] = [];
  try {
    for (;;) {
      const event = await reader.next();
      events.push(event);
      if (event.kind === 'end' || (event.kind === 'damage' && !resume)) return events;
      if (event.kind === 'damage') reader.resume();
    }
  } finally {
    await reader.close();
  }
}

export async function eventsOfBytes(
  bytes: Uint8Array,
  options: Parameters<typeof eventsOf>[1] = {},
): Promise<LogEvent[]> {
  return eventsOf(await memoryWith({ [PATH]: bytes }), options);
}

/** The payloads of the records among `events`, as text. */
export function textsOf(events: readonly LogEvent[]): string[] {
  return events.flatMap((event) => (event.kind === 'record' ? [Buffer.from(event.payload).toString()] : []));
}
