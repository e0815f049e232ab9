import { join } from 'node:path';
import type { FileSystem } from '../fs/file-system.js';
import type { CheckpointFile, CheckpointOptions } from './api.js';
import { copyFile } from './copy-file.js';
import { throwIfEnded } from './long-calls.js';
import { FilePlacer } from './place-file.js';
import { PlacementProgress } from './placement-progress.js';

/** Puts files into the directory of a checkpoint, and counts them. */
export class CheckpointFiles {
  /** Of the checkpoint. */
  readonly path: string;
  readonly signal: AbortSignal;
  readonly #fileSystem: FileSystem;
  readonly #placeFile: CheckpointOptions['placeFile'];
  readonly #placer: FilePlacer;
  readonly #progress: PlacementProgress;
  #copiedBytes = 0;

  constructor(fileSystem: FileSystem, path: string, { placeFile, onProgress }: CheckpointOptions, signal: AbortSignal) {
    this.path = path;
    this.signal = signal;
    this.#fileSystem = fileSystem;
    this.#placeFile = placeFile;
    this.#placer = new FilePlacer(fileSystem);
    this.#progress = new PlacementProgress(onProgress);
  }

  /** Whether the caller takes immutable files, one after the other. */
  get isOneByOne(): boolean {
    return this.#placeFile !== undefined;
  }

  get sums(): { readonly fileCount: number; readonly bytes: number; readonly copiedBytes: number } {
    const { fileCount, totalBytes } = this.#progress;
    return { fileCount, bytes: totalBytes, copiedBytes: this.#placer.copiedBytes + this.#copiedBytes };
  }

  /** Files that are about to be put in place. */
  expect(files: readonly Pick<CheckpointFile, 'fileBytes'>[]): void {
    for (const { fileBytes } of files) this.#progress.expect(fileBytes);
  }

  /** One that never changes: a second name for it, or what the caller does in place of that. */
  async place(file: CheckpointFile): Promise<void> {
    throwIfEnded(this.signal);
    let seenBytes = 0;
    if (this.#placeFile !== undefined) await this.#placeFile(file, this.signal);
    else {
      await this.#placer.place(file, join(this.path, file.name), (chunk) => {
        seenBytes += chunk.length;
        this.#advance(chunk.length);
      });
    }
    this.#advance(file.fileBytes - seenBytes);
  }

  /** One that goes on being written: what is in its first `fileBytes` bytes, durable but for the name. */
  async copy({ name, path, fileBytes }: CheckpointFile): Promise<void> {
    const onChunk = (chunk: Uint8Array): void => this.#advance(chunk.length);
    this.#copiedBytes += await copyFile(this.#fileSystem, path, join(this.path, name), onChunk, fileBytes);
  }

  #advance(bytes: number): void {
    throwIfEnded(this.signal);
    this.#progress.advance(bytes);
  }
}
