import { StemeError } from '../../base/errors.js';
import { checkIngestCall } from './check-ingest-call.js';
import type { IngestOptions, IngestOutcome, IngestPipeline, IngestSource } from './ingest-api.js';
import { type IngestParts, SourceIngest } from './ingest-source.js';

/** Runs ingests, and remembers the last pipeline: a replay can send records the same way. */
export class DatabaseIngest {
  readonly #parts: IngestParts;
  readonly #running = new Set<string>();
  #lastPipeline: IngestPipeline | undefined;

  constructor(parts: IngestParts) {
    this.#parts = parts;
  }

  get lastPipeline(): IngestPipeline | undefined {
    return this.#lastPipeline;
  }

  /** Errors: STEME_INVALID_OPTION, STEME_BUSY while a source of that name is taken in, and as of `SourceIngest.run`. */
  async run(
    source: IngestSource,
    pipeline: IngestPipeline,
    options: IngestOptions,
    signal: AbortSignal,
  ): Promise<IngestOutcome> {
    checkIngestCall(source, pipeline, options);
    const { name } = options;
    if (name !== undefined && this.#running.has(name)) {
      throw new StemeError('STEME_BUSY', `the source ${JSON.stringify(name)} is being taken in already`);
    }
    this.#lastPipeline = pipeline;
    if (name !== undefined) this.#running.add(name);
    try {
      return await new SourceIngest(this.#parts, pipeline, options, signal).run(source);
    } finally {
      if (name !== undefined) this.#running.delete(name);
    }
  }
}
