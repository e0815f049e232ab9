import { join } from 'node:path';
import { CorruptionError, type Damage, StemeError } from '../base/errors.js';
import { tableName } from '../base/file-names.js';
import { VERIFY_DAMAGES_MAX, VERIFY_READ_BYTES } from '../base/limits.js';
import { readBlobReference } from '../blob/blob-reference.js';
import type { FileSystem } from '../fs/file-system.js';
import { BlockCache } from '../table/block-cache.js';
import { compareMetadata, describeUses } from '../table/compare-metadata.js';
import type { BlobUse } from '../table/table-metadata.js';
import { TableReader } from '../table/table-reader.js';
import { TableVerifier } from '../table/verify-table.js';
import { BlobValues } from './blob-values.js';
import type { TableVerdict, VerifyTableJob } from './job.js';
import { JobControl } from './job-control.js';
import { TurnPacer } from './turn-pacer.js';

/** Damage is the outcome of this job, not its failure. Errors: STEME_ABORTED when its control stops it, STEME_IO for no file. */
export async function runVerifyTable(fileSystem: FileSystem, job: VerifyTableJob): Promise<TableVerdict> {
  const check = new TableCheck(fileSystem, job);
  try {
    await check.run();
    return check.outcome();
  } finally {
    check.close();
  }
}

class TableCheck {
  readonly #job: VerifyTableJob;
  readonly #path: string;
  readonly #fileSystem: FileSystem;
  readonly #pacer: TurnPacer;
  readonly #control: JobControl | undefined;
  readonly #damages: Damage[] = [];
  #omittedCount = 0;
  #entryCount = 0;
  #table: TableReader | undefined;
  readonly #values: BlobValues;
  /** What the entries refer to, by the number of the blob file. */
  readonly #uses = new Map<number, { valueCount: number; valueBytes: number }>();
  readonly #onDamage = (damage: Damage): void => {
    if (this.#damages.length < VERIFY_DAMAGES_MAX) this.#damages.push(damage);
    else this.#omittedCount++;
  };

  constructor(fileSystem: FileSystem, job: VerifyTableJob) {
    this.#job = job;
    this.#fileSystem = fileSystem;
    this.#path = join(job.directory, tableName(job.table.number));
    this.#pacer = new TurnPacer(job.bytesPerSecondMax);
    this.#control = job.control === undefined ? undefined : new JobControl(job.control);
    this.#values = new BlobValues(fileSystem, job.directory, this.#onDamage, job.blobs);
  }

  async run(): Promise<void> {
    const table = this.#open();
    if (table === undefined) return;
    this.#table = table;
    const verifier = new TableVerifier(table, {
      onDamage: this.#onDamage,
      onBlobReference: (source, start, end) => this.#noteReference(source, start, end),
      readAheadBytes: VERIFY_READ_BYTES,
    });
    let readBytes = 0;
    while (verifier.checkNextBlock()) {
      // An await for each block would take longer than its checksum.
      if (this.#pacer.isDue(table.readBytes - readBytes)) await this.#takeTurn();
      readBytes = table.readBytes;
      if (this.#values.isFull) await this.#followReferences();
    }
    const { entryCount, keyCount } = verifier.finish();
    this.#entryCount = entryCount;
    await this.#followReferences();
    if (this.#damages.length > 0) return;
    this.#checkUses(table);
    this.#compareWithManifest(table, keyCount);
  }

  outcome(): TableVerdict {
    return {
      entryCount: this.#entryCount,
      damages: this.#damages,
      omittedCount: this.#omittedCount,
      blobs: this.#values.checked(),
      readBytes: (this.#table?.readBytes ?? 0) + this.#values.readBytes,
    };
  }

  close(): void {
    this.#table?.close();
    this.#values.close();
  }

  /** Undefined where it is damaged such that none of it can be asked. */
  #open(): TableReader | undefined {
    const { table, readMode } = this.#job;
    const blockCache = new BlockCache(0);
    try {
      return TableReader.openSync({ fileSystem: this.#fileSystem, path: this.#path, ...table, readMode, blockCache });
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.#onDamage(error.damage);
      return undefined;
    }
  }

  async #takeTurn(): Promise<void> {
    await this.#pacer.turn(this.#control?.isHurried);
    if (this.#control?.isStopped === true) throw new StemeError('STEME_ABORTED', 'the verification was stopped');
  }

  #noteReference(source: Uint8Array, start: number, end: number): void {
    const reference = readBlobReference(source, start, end);
    const use = this.#uses.get(reference.number) ?? { valueCount: 0, valueBytes: 0 };
    use.valueCount++;
    use.valueBytes += reference.valueBytes;
    this.#uses.set(reference.number, use);
    this.#values.add(reference);
  }

  async #followReferences(): Promise<void> {
    for (const bytes of this.#values.follow()) {
      if (this.#pacer.isDue(bytes)) await this.#takeTurn();
    }
  }

  #checkUses({ properties, propertiesOffsetBytes }: TableReader): void {
    const uses: BlobUse[] = [...this.#uses].map(([number, use]) => ({ number, ...use }));
    const found = describeUses(uses.sort((a, b) => a.number - b.number));
    const expected = describeUses(properties.blobUses);
    if (expected !== found) {
      this.#onDamage({ file: this.#path, offsetBytes: propertiesOffsetBytes, expected, found });
    }
  }

  #compareWithManifest({ properties, propertiesOffsetBytes }: TableReader, keyCount: number): void {
    const { metadata } = this.#job;
    if (metadata === undefined) return;
    for (const misfit of compareMetadata(metadata, properties, keyCount)) {
      this.#onDamage({ file: this.#path, offsetBytes: propertiesOffsetBytes, ...misfit });
    }
  }
}
