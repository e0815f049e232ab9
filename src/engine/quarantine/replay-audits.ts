/**
 * What is kept of each replay, in the tree:
 *
 *     key    system prefix | 2 | when it began, milliseconds since 1970, u64 big-endian | a random u32, big-endian
 *     value  JSON: ReplayAudit without its id
 */
import { CorruptionError, type StemeError } from '../../base/errors.js';
import { KIND_PUT } from '../../base/internal-key.js';
import { SYSTEM_KEY_PARTS_AT, SYSTEM_REPLAY_AUDIT, systemKey } from '../../base/system-key.js';
import type { ReplayAudit } from './quarantine-api.js';
import type { SystemStore } from './system-store.js';

const SUFFIX_BYTES = 12;

export class ReplayAudits {
  readonly #store: SystemStore;
  readonly #onWarning: (warning: StemeError) => void;

  constructor(store: SystemStore, onWarning: (warning: StemeError) => void) {
    this.#store = store;
    this.#onWarning = onWarning;
  }

  /** Written when a replay begins, and again when it ends. */
  write({ id, ...rest }: ReplayAudit): Promise<void> {
    const value = Buffer.from(JSON.stringify(rest));
    return this.#store.write([{ kind: KIND_PUT, key: systemKey(SYSTEM_REPLAY_AUDIT, Buffer.from(id, 'hex')), value }]);
  }

  /** Oldest first. What cannot be read is a warning. */
  async *list(): AsyncGenerator<ReplayAudit, void> {
    const start = systemKey(SYSTEM_REPLAY_AUDIT, Buffer.alloc(SUFFIX_BYTES));
    const end = systemKey(SYSTEM_REPLAY_AUDIT, Buffer.alloc(SUFFIX_BYTES, 0xff), Buffer.alloc(1));
    for await (const [key, value] of this.#store.scan(start, end)) {
      const id = key.subarray(SYSTEM_KEY_PARTS_AT).toString('hex');
      const audit = decodeAudit(id, value);
      if (audit instanceof CorruptionError) this.#onWarning(audit);
      else yield audit;
    }
  }
}

function decodeAudit(id: string, value: Buffer): ReplayAudit | CorruptionError {
  const text = value.toString('utf8');
  try {
    const fields: unknown = JSON.parse(text);
    if (isAudit(fields)) return { id, ...fields };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const file = `the record of replay ${id}`;
  return new CorruptionError({ file, offsetBytes: 0, expected: 'what is kept of a replay', found: text.slice(0, 40) });
}

function isAudit(fields: unknown): fields is Omit<ReplayAudit, 'id'> {
  if (typeof fields !== 'object' || fields === null) return false;
  return ['by', 'startedAtMs', 'filter', 'counts', 'outcome'].every((name) => name in fields);
}

export function newAuditId(startedAtMs: number, random: number): string {
  const bytes = Buffer.alloc(SUFFIX_BYTES);
  bytes.writeBigUInt64BE(BigInt(startedAtMs));
  bytes.writeUInt32BE(random, 8);
  return bytes.toString('hex');
}
