import { CorruptionError, StemeError, systemCodeOf } from '../base/errors.js';
import type { FileSystem } from '../fs/file-system.js';
import type { CheckpointFile } from './api.js';
import { copyFile } from './copy-file.js';

/** Where a second name cannot be had: another file system, one without links, or a user who may not make them. */
const NO_LINKS = new Set(['EXDEV', 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Puts immutable files into another directory: by a second name where that is to be had, else by a copy. */
export class FilePlacer {
  readonly #fileSystem: FileSystem;
  #canLink = true;
  copiedBytes = 0;

  constructor(fileSystem: FileSystem) {
    this.#fileSystem = fileSystem;
  }

  /** `onChunk` is called with each part of a copy. Errors: STEME_IO, STEME_CORRUPTION if the file is not of its size. */
  async place(file: CheckpointFile, target: string, onChunk: (bytes: Uint8Array) => void): Promise<void> {
    if (this.#canLink && (await this.#tryLink(file.path, target))) return;
    const copiedBytes = await copyFile(this.#fileSystem, file.path, target, onChunk);
    this.copiedBytes += copiedBytes;
    if (copiedBytes === file.fileBytes) return;
    const expected = `${file.fileBytes} bytes`;
    throw new CorruptionError({ file: file.path, offsetBytes: 0, expected, found: `${copiedBytes} bytes` });
  }

  async #tryLink(from: string, to: string): Promise<boolean> {
    try {
      await this.#fileSystem.link(from, to);
      return true;
    } catch (error) {
      const code = error instanceof StemeError ? (systemCodeOf(error) ?? '') : '';
      if (!NO_LINKS.has(code)) throw error;
      // A file can have too many names; all else holds for every file.
      this.#canLink = code === 'EMLINK';
      return false;
    }
  }
}
