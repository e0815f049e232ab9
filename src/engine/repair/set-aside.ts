import { join } from 'node:path';
import { StemeError } from '../../base/errors.js';
import { MIB } from '../../base/limits.js';
import type { FileSystem } from '../../fs/file-system.js';
import { copyFile } from '../copy-file.js';
import { FilePlacer } from '../place-file.js';

/** Of the directory, inside the database's, where everything goes that is not in use any more. */
export const LOST_DIRECTORY = 'lost';

/**
 * Puts damaged files and spans aside. Nothing is ever deleted: a file first gets a second name in `lost/`, durably, and loses the
 * first one only when the repaired database is durable without it. So the next open, which removes what its manifest does
 * not name, never takes the last copy. In a dry run nothing is done.
 */
export class SetAside {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #isDryRun: boolean;
  readonly #placer: FilePlacer;
  /** Names in the directory that go once the repair is durable. */
  readonly #names = new Set<string>();
  /** Files of this repair that were only a step on the way. */
  readonly #temporary = new Set<string>();
  #isMade = false;

  constructor(fileSystem: FileSystem, directory: string, isDryRun: boolean) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
    this.#isDryRun = isDryRun;
    this.#placer = new FilePlacer(fileSystem);
  }

  /** The file is in use no more. */
  addFile(name: string): void {
    this.#names.add(name);
  }

  /** A file that this repair wrote and has used up: it goes without a second name. */
  addTemporary(name: string): void {
    this.#temporary.add(name);
  }

  /** Copies a span of a file; where it is then, below the database's directory. Undefined in a dry run. */
  async saveSpan(name: string, offsetBytes: number, endBytes: number): Promise<string | undefined> {
    if (this.#isDryRun || endBytes <= offsetBytes) return undefined;
    const target = await this.#freeName(`${name}.${offsetBytes}-${endBytes}`);
    const source = await this.#fileSystem.open(join(this.#directory, name), 'read');
    try {
      await this.#write(target, async (write) => {
        const chunk = new Uint8Array(Math.min(MIB, endBytes - offsetBytes));
        for (let at = offsetBytes; at < endBytes; ) {
          const bytes = await source.read(chunk.subarray(0, Math.min(chunk.length, endBytes - at)), at);
          if (bytes === 0) return;
          await write(chunk.subarray(0, bytes));
          at += bytes;
        }
      });
    } finally {
      await source.close();
    }
    return target;
  }

  /** Gives a file a second name, durably, at once: whoever asks takes care of the first one. */
  async saveFile(name: string): Promise<void> {
    if (this.#isDryRun) return;
    await this.#place(name);
    await this.#fileSystem.syncDirectory(join(this.#directory, LOST_DIRECTORY));
  }

  /** Keeps a copy of a file that stays, but is about to be replaced under its name. */
  async saveCopy(name: string): Promise<void> {
    if (this.#isDryRun) return;
    const target = await this.#freeName(name);
    await copyFile(this.#fileSystem, join(this.#directory, name), join(this.#directory, target));
  }

  async saveText(name: string, text: string): Promise<string> {
    const target = await this.#freeName(name);
    await this.#write(target, (write) => write(new TextEncoder().encode(text)));
    return target;
  }

  /** Every file that goes has its second name, and all names in `lost/` are durable, when it resolves. */
  async secure(): Promise<void> {
    if (this.#isDryRun) return;
    for (const name of this.#names) await this.#place(name);
    if (this.#isMade) await this.#fileSystem.syncDirectory(join(this.#directory, LOST_DIRECTORY));
  }

  /** Takes the first names away: the repaired database is durable. */
  async complete(): Promise<void> {
    for (const name of [...this.#names, ...this.#temporary]) {
      await this.#fileSystem.remove(join(this.#directory, name));
    }
    await this.#fileSystem.syncDirectory(this.#directory);
  }

  async #place(name: string): Promise<void> {
    const path = join(this.#directory, name);
    const fileBytes = await this.#fileSystem.statBytes(path);
    if (fileBytes === undefined) return;
    const target = await this.#freeName(name);
    await this.#placer.place({ name, path, fileBytes }, join(this.#directory, target), () => undefined);
  }

  /** What an earlier repair put there stays as it is. `quarantine/acme/MANIFEST` is `quarantine.acme.MANIFEST` there. */
  async #freeName(path: string): Promise<string> {
    await this.#make();
    const name = path.replaceAll('/', '.');
    for (let attempt = 0; ; attempt++) {
      const target = join(LOST_DIRECTORY, attempt === 0 ? name : `${name}.${attempt}`);
      if (!(await this.#fileSystem.exists(join(this.#directory, target)))) return target;
    }
  }

  async #make(): Promise<void> {
    if (this.#isMade) return;
    const path = join(this.#directory, LOST_DIRECTORY);
    if ((await this.#fileSystem.statBytes(path)) !== undefined) {
      throw new StemeError('STEME_EXISTS', `${path} is a file: move it away, a repair needs a directory of that name`);
    }
    await this.#fileSystem.makeDirectory(path);
    await this.#fileSystem.syncDirectory(this.#directory);
    this.#isMade = true;
  }

  async #write(name: string, fill: (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>): Promise<void> {
    const target = await this.#fileSystem.open(join(this.#directory, name), 'create');
    try {
      let position = 0;
      await fill(async (bytes) => {
        await target.write(bytes, position);
        position += bytes.length;
      });
      await target.datasync();
    } finally {
      await target.close();
    }
    await this.#fileSystem.syncDirectory(join(this.#directory, LOST_DIRECTORY));
  }
}
