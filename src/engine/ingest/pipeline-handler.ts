import type { QuarantinedRecord, ReplayHandler } from '../quarantine/quarantine-api.js';
import type { IngestPipeline } from './ingest-api.js';
import { JSON_TYPE, judgeItem, TEXT_TYPE } from './judge-item.js';

/** Sends a quarantined record the way that its source went. What is rejected again is an attempt that failed, with the reason. */
export function handlerOfPipeline(pipeline: IngestPipeline): ReplayHandler {
  return async (record) => {
    const verdict = await judgeItem(pipeline, itemOf(pipeline, record));
    if (verdict.kind === 'accepted') return verdict.operation;
    throw new Error(`${verdict.reason}: ${verdict.detail}`);
  };
}

/** As the source gave it, unless the pipeline has a content type of its own: then nothing says what it was, and it comes as bytes. */
function itemOf({ contentType }: IngestPipeline, record: QuarantinedRecord): unknown {
  if (contentType !== undefined) return record.payload;
  if (record.contentType === TEXT_TYPE) return record.payload.toString('utf8');
  return record.contentType === JSON_TYPE ? JSON.parse(record.payload.toString('utf8')) : record.payload;
}
