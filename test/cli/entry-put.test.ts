import { describe, expect, it } from 'vitest';
import { type EntryRule, putOfEntry } from '../../src/cli/quarantine/entry-put.js';
import type { QuarantinedRecord } from '../../src/index.js';

function putOf(payload: string, fields: Partial<QuarantinedRecord> = {}, rule: EntryRule = {}) {
  const record: QuarantinedRecord = {
    number: 9,
    tenant: 'a',
    id: 'x',
    reason: 'malformed',
    detail: '',
    source: 's',
    position: 3,
    contentType: '',
    timestampMs: 0,
    appendedAtMs: 0,
    attempts: 0,
    lastError: '',
    isReplayed: false,
    payload: Buffer.from(payload),
    ...fields,
  };
  const put = putOfEntry(record, rule);
  return put.type === 'put' ? [put.key.toString(), put.value.toString()] : [put.type];
}

describe('an entry as ingest would take it', () => {
  it.each([
    ['', '{', ['s:000000000003', '{']],
    ['text/plain', '{', ['s:000000000003', '{']],
    ['application/x-ndjson', '{"id":1}', ['s:000000000003', '{"id":1}']],
    ['Application/JSON ; charset=utf-8', '{"id":1}', ['s:000000000003', '{"id":1}']],
    ['text/csv; header=present', 'id,b\n1,2', ['s:000000000003', '{"id":"1","b":"2"}']],
  ])('is read as its content type says: %s', (contentType, payload, expected) => {
    expect(putOf(payload, { contentType })).toEqual(expected);
  });

  it('is read as the command says, whatever its content type is', () => {
    expect(putOf('{"id":1}', { contentType: 'text/plain' }, { format: 'ndjson', key: 'id' })).toEqual([
      '1',
      '{"id":1}',
    ]);
  });

  it('has a name and a number where it came without a source or a place', () => {
    expect(putOf('x', { source: '', position: undefined })).toEqual(['quarantine:000000000009', 'x']);
  });

  it('keeps a carriage return of its own', () => {
    expect(putOf('x\r')).toEqual(['s:000000000003', 'x\r']);
  });

  it.each([
    ['text/plain', 'x', { key: 'id' }, 'a line has no fields to make a key of'],
    ['application/x-ndjson', '{', {}, 'the line is not JSON'],
    ['application/x-ndjson', '{}', { key: 'id' }, 'the key field "id" is missing'],
    ['text/plain', 'x\ny', {}, 'it is 2 records, not one'],
    ['text/plain', '', {}, 'it is 0 records, not one'],
    ['text/csv; header=absent', '1,2', {}, 'the header that it belongs to must stand in front of it'],
    ['text/csv; header=present', 'a,b\n1', {}, 'the row has 1 fields, the header has 2'],
  ])('is refused as %s where it is %j with %j', (contentType, payload, rule, message) => {
    expect(() => putOf(payload, { contentType }, rule)).toThrow(message);
  });
});
