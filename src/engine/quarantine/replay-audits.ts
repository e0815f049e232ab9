/**
 * What is kept of each replay, in the tree:
 *
 *     key    system prefix | 2 | when it began, milliseconds since 1970, u64 big-endian | a random u32, big-endian
 *     value  JSON: ReplayAudit without its id
 */
import { KIND_PUT } from '../../base/internal-key.js';
import { SYSTEM_KEY_PARTS_AT, SYSTEM_REPLAY_AUDIT, systemKey } from '../../base/system-key.js';
import type { ReplayAudit } from './quarantine-api.js';
import type { SystemStore } from './system-store.js';

const SUFFIX_BYTES = 12;

export class ReplayAudits {
  readonly #store: SystemStore;

  constructor(store: SystemStore) {
    this.#store = store;
  }

  /** Written when a replay begins, and again when it ends. */
  write({ id, ...rest }: ReplayAudit): Promise<void> {
    const value = Buffer.from(JSON.stringify(rest));
    return this.#store.write([{ kind: KIND_PUT, key: systemKey(SYSTEM_REPLAY_AUDIT, Buffer.from(id, 'hex')), value }]);
  }

  /** Oldest first. */
  async *list(): AsyncGenerator<ReplayAudit, void> {
    const start = systemKey(SYSTEM_REPLAY_AUDIT, Buffer.alloc(SUFFIX_BYTES));
    const end = systemKey(SYSTEM_REPLAY_AUDIT, Buffer.alloc(SUFFIX_BYTES, 0xff), Buffer.alloc(1));
    for await (const [key, value] of this.#store.scan(start, end)) {
      const id = key.subarray(SYSTEM_KEY_PARTS_AT).toString('hex');
      yield { id, ...(JSON.parse(value.toString('utf8')) as Omit<ReplayAudit, 'id'>) };
    }
  }
}

export function newAuditId(startedAtMs: number, random: number): string {
  const bytes = Buffer.alloc(SUFFIX_BYTES);
  bytes.writeBigUInt64BE(BigInt(startedAtMs));
  bytes.writeUInt32BE(random, 8);
  return bytes.toString('hex');
}
