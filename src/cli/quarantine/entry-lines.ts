import { jsonBytes } from '../../base/json-bytes.js';
import type { QuarantinedRecord } from '../../engine/quarantine/quarantine-api.js';
import { printable } from '../printable.js';

const PAYLOAD_SHOWN_BYTES_MAX = 80;

/** One entry as a line for people: id, tenant, time, attempts, reason, detail and the beginning of the record, with tabs between. */
export function textLine(record: QuarantinedRecord): string {
  const { id, tenant, timestampMs, attempts, reason, detail, lastError, payload } = record;
  const why = lastError === '' ? detail : lastError;
  const isCut = payload.length > PAYLOAD_SHOWN_BYTES_MAX;
  const beginning = `${printable(payload.subarray(0, PAYLOAD_SHOWN_BYTES_MAX))}${isCut ? '…' : ''}`;
  const cells = [id, tenant, new Date(timestampMs).toISOString(), `${attempts}x`, reason, why];
  return `${cells.map((cell) => printable(Buffer.from(cell))).join('\t')}\t${beginning}\n`;
}

/** One entry as a JSON object, whole: what `steme quarantine export` prints. */
export function jsonLine(record: QuarantinedRecord): string {
  const { payload, ...rest } = record;
  return `${JSON.stringify({ ...rest, payload: jsonBytes(payload) })}\n`;
}
