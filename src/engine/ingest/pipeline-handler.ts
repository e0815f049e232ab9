import type { QuarantinedRecord, ReplayHandler } from '../quarantine/quarantine-api.js';
import type { IngestPipeline } from './ingest-api.js';
import { judgeItem } from './judge-item.js';

/** Sends a quarantined record the way that its source went. What is rejected again is an attempt that failed, with the reason. */
export function handlerOfPipeline(pipeline: IngestPipeline): ReplayHandler {
  return async (record) => {
    const verdict = await judgeItem(pipeline, itemOf(pipeline, record));
    if (verdict.kind === 'accepted') return verdict.operation;
    throw new Error(`${verdict.reason}: ${verdict.detail}`);
  };
}

/** As the source gave it: what was no bytes was kept as JSON. */
function itemOf({ contentType }: IngestPipeline, record: QuarantinedRecord): unknown {
  const wasObject = contentType === undefined && record.contentType === 'application/json';
  return wasObject ? JSON.parse(record.payload.toString('utf8')) : record.payload;
}
