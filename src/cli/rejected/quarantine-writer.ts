import { Deferred } from '../../base/deferred.js';
import { MIB } from '../../base/limits.js';
import type { Quarantine } from '../../engine/quarantine/quarantine-api.js';
import type { RejectionCode } from '../record-reader/record.js';
import type { QuarantineDraft } from './quarantine-draft.js';

/** Appends that are on their way together share a sync. */
const APPENDS_IN_FLIGHT_MAX = 512;
const IN_FLIGHT_BYTES_MAX = 16 * MIB;

/** What became of rejected records. */
export interface RejectionCounts {
  readonly rejectedRecords: number;
  /** By code, in the order in which they were met. */
  readonly rejectedByReason: Partial<Record<RejectionCode, number>>;
  /** Of these, the ones that an earlier ingest had brought there. */
  readonly rejectedBefore: number;
  /** Whose they all are; undefined where there are several tenants, or none. */
  readonly rejectedTenant: string | undefined;
}

/** Brings rejected records to the quarantine, a bounded number of them at a time (law 8). They are durable after `settle`. */
export class QuarantineWriter {
  readonly #quarantine: Quarantine;
  #inFlight = 0;
  #inFlightBytes = 0;
  /** Resolves with the next append that ends. */
  #nextEnd = new Deferred<void>();
  #failure: { readonly error: unknown } | undefined;
  #records = 0;
  #recordsBefore = 0;
  readonly #byReason = new Map<RejectionCode, number>();
  #tenant: string | undefined;
  #hasSeveralTenants = false;

  constructor(quarantine: Quarantine) {
    this.#quarantine = quarantine;
  }

  get counts(): RejectionCounts {
    return {
      rejectedRecords: this.#records,
      rejectedByReason: Object.fromEntries(this.#byReason),
      rejectedBefore: this.#recordsBefore,
      rejectedTenant: this.#hasSeveralTenants ? undefined : this.#tenant,
    };
  }

  /** Sends it on its way, once there is room for it. Throws the first failure of any append. */
  async add(tenant: string, code: RejectionCode, draft: QuarantineDraft): Promise<void> {
    const { length } = draft.payload;
    while (this.#inFlight > 0 && !this.#hasRoomFor(length)) await this.#nextEnd.promise;
    this.#throwFailure();
    this.#records++;
    this.#byReason.set(code, (this.#byReason.get(code) ?? 0) + 1);
    this.#hasSeveralTenants ||= this.#tenant !== undefined && this.#tenant !== tenant;
    this.#tenant = tenant;
    void this.#append(tenant, draft);
  }

  /** Waits for all that was added, whatever became of it; then throws the first failure. */
  async settle(): Promise<void> {
    while (this.#inFlight > 0) await this.#nextEnd.promise;
    this.#throwFailure();
  }

  #hasRoomFor(bytes: number): boolean {
    return this.#inFlight < APPENDS_IN_FLIGHT_MAX && this.#inFlightBytes + bytes <= IN_FLIGHT_BYTES_MAX;
  }

  /** Never rejects: a failure waits for the next call. */
  async #append(tenant: string, { payload, options }: QuarantineDraft): Promise<void> {
    this.#inFlight++;
    this.#inFlightBytes += payload.length;
    try {
      const { isNew } = await this.#quarantine.append(tenant, payload, options);
      if (!isNew) this.#recordsBefore++;
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#inFlight--;
    this.#inFlightBytes -= payload.length;
    const ended = this.#nextEnd;
    this.#nextEnd = new Deferred();
    ended.resolve();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
