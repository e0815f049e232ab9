import { describe, expect, it } from 'vitest';
import { type KeyRule, keyOfRecord } from '../../src/cli/key-of-record.js';
import { JsonFields } from '../../src/cli/record-reader/ndjson-format.js';
import type { ParsedRecord } from '../../src/cli/record-reader/record.js';

function record(document: unknown, line = 7): ParsedRecord {
  const value = Buffer.from(JSON.stringify(document));
  return {
    kind: 'record',
    raw: { line, bytes: value, fullBytes: value.length },
    value,
    fields: new JsonFields(document),
  };
}

function keyOf(document: unknown, rule: Partial<KeyRule>): string {
  const full = { sourceName: 'app.log', keyField: undefined, timestampField: undefined, ...rule };
  const result = keyOfRecord(record(document), full);
  return 'key' in result ? result.key.toString() : `${result.code}: ${result.reason}`;
}

describe('the key of a record', () => {
  it('is its source and line, sortable, when no field is named', () => {
    expect(keyOf({}, {})).toBe('app.log:000000000007');
  });

  it('is the value of the key field', () => {
    expect(keyOf({ id: 'é1' }, { keyField: 'id' })).toBe('é1');
    expect(keyOf({ id: 12.5 }, { keyField: 'id' })).toBe('12.5');
    expect(keyOf({ id: false }, { keyField: 'id' })).toBe('false');
    expect(keyOf({ device: { id: 'd' } }, { keyField: 'device.id' })).toBe('d');
  });

  it('begins with the time when a timestamp field is named', () => {
    expect(keyOf({ id: 'd', at: 0 }, { keyField: 'id', timestampField: 'at' })).toBe('1970-01-01T00:00:00.000000Z/d');
    expect(keyOf({ at: 0 }, { timestampField: 'at' })).toMatch(/^1970-01-01T00:00:00\.000000Z\/[0-9a-f]{32}$/);
  });

  it('is the same for the same record, and another for another at the same time', () => {
    const rule = { timestampField: 'at' };
    expect(keyOf({ at: 0, x: 1 }, rule)).toBe(keyOf({ at: 0, x: 1 }, rule));
    expect(keyOf({ at: 0, x: 1 }, rule)).not.toBe(keyOf({ at: 0, x: 2 }, rule));
  });

  it.each([
    [{}, 'the key field "id" is missing'],
    [{ id: '' }, 'the key field "id" is empty'],
    [{ id: null }, 'the key field "id" is null'],
    [{ id: ['a'] }, 'the key field "id" is not a string, number or boolean'],
    [{ id: 2 ** 53 }, 'the key field "id" is a number beyond 2^53, which is not exact: write it as a string'],
  ])('cannot be made of %#', (document, reason) => {
    expect(keyOf(document, { keyField: 'id' })).toBe(`no-key: ${reason}`);
  });

  it('cannot be longer than a key may be', () => {
    const document = { id: 'x'.repeat(65537) };
    expect(keyOf(document, { keyField: 'id' })).toBe('key-too-long: the key has 65537 bytes, more than 65536');
  });

  it('cannot be made without a time that can be read', () => {
    expect(keyOf({}, { timestampField: 'at' })).toBe('bad-timestamp: the timestamp field "at" is missing');
    expect(keyOf({ at: 'noon' }, { timestampField: 'at' })).toBe(
      'bad-timestamp: the timestamp field "at" is neither ISO 8601 nor a number since 1970: "noon"',
    );
  });
});
