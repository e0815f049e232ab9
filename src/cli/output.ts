import { once } from 'node:events';
import { systemCodeOf } from '../base/errors.js';
import type { CliOutput } from './cli-environment.js';

/**
 * Writes to a stream at the speed of its reader. A reader that goes away (`steme scan … | head`) closes the output:
 * that is no error, there is just nothing more to do.
 */
export class Output {
  readonly #stream: CliOutput;
  #failure: Error | undefined;

  constructor(stream: CliOutput) {
    this.#stream = stream;
    stream.on('error', (error: Error) => {
      this.#failure = error;
    });
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** The reader is gone. */
  get closed(): boolean {
    return this.#failure !== undefined;
  }

  /** Resolves when there is room for more. Throws what the stream failed with, unless its reader just went away. */
  async write(data: string | Uint8Array): Promise<void> {
    if (!this.closed && !this.#stream.write(data)) await this.#roomForMore();
    if (this.#failure !== undefined && systemCodeOf(this.#failure) !== 'EPIPE') throw this.#failure;
  }

  async #roomForMore(): Promise<void> {
    try {
      await once(this.#stream, 'drain');
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
  }
}
