import { describe, expect, it } from 'vitest';
import { MIB, QUARANTINE_DETAIL_BYTES_MAX, QUARANTINE_ID_BYTES_MAX } from '../../../src/base/limits.js';
import type { RawRecord } from '../../../src/cli/record-reader/record.js';
import { quarantineDraft } from '../../../src/cli/rejected/quarantine-draft.js';

function draftOf(raw: Partial<RawRecord>, source = {}, header?: Uint8Array, reason = 'why') {
  const bytes = raw.bytes ?? Buffer.from('record');
  const whole = { line: 7, bytes, fullBytes: bytes.length, ...raw };
  const rejection = { kind: 'rejection', raw: whole, code: 'malformed', reason, fields: undefined } as const;
  return quarantineDraft(rejection, { name: 'a.log', format: 'ndjson', ...source }, header);
}

describe('a rejected record in the quarantine', () => {
  it('has its bytes, its place, its reason and how to read it', () => {
    expect(draftOf({})).toEqual({
      payload: Buffer.from('record'),
      options: {
        id: expect.stringMatching(/^a\.log:7:[0-9a-f]{16}$/),
        ifAbsent: true,
        reason: 'malformed',
        detail: 'why',
        source: 'a.log',
        position: 7,
        contentType: 'application/x-ndjson',
      },
    });
    expect(draftOf({}, { format: 'lines' }).options.contentType).toBe('text/plain');
  });

  it('has the header in front where there is one, unless they are too much together', () => {
    const header = Buffer.from('a,b');
    const row = draftOf({}, { format: 'csv' }, header);
    expect(row).toMatchObject({
      payload: Buffer.from('a,b\nrecord'),
      options: { contentType: 'text/csv; header=present' },
    });
    const bytes = new Uint8Array(64 * MIB - 3);
    const large = draftOf({ bytes }, { format: 'csv' }, header);
    expect(large.payload).toBe(bytes);
    expect(large.options.contentType).toBe('text/csv; header=absent');
  });

  it('has an id that its line, its bytes and its source make, and nothing else', () => {
    const { id } = draftOf({}).options;
    expect(draftOf({}, {}, undefined, 'another reason').options.id).toBe(id);
    const others = [
      draftOf({ line: 8 }),
      draftOf({ bytes: Buffer.from('recorD') }),
      draftOf({ fullBytes: 100 }),
      draftOf({}, { name: 'b' }),
    ];
    expect(new Set([id, ...others.map(({ options }) => options.id)]).size).toBe(5);
  });

  it('has an id of the length that an id may have, however long the name of its source is', () => {
    for (const name of ['x'.repeat(1005), 'x'.repeat(1006), 'é'.repeat(2048)]) {
      const { id = '', source } = draftOf({}, { name }).options;
      expect(Buffer.byteLength(id)).toBeLessThanOrEqual(QUARANTINE_ID_BYTES_MAX);
      expect(source).toBe(name);
    }
    const long = 'x'.repeat(2000);
    expect(draftOf({}, { name: long }).options.id).not.toBe(draftOf({}, { name: `${long}x` }).options.id);
  });

  it('says in its content type that it is not whole', () => {
    expect(draftOf({ fullBytes: 1000 }, { format: 'lines' }).options.contentType).toBe('text/plain; truncated=true');
    const row = draftOf({ fullBytes: 1000 }, { format: 'csv' }, Buffer.from('a'));
    expect(row.options.contentType).toBe('text/csv; header=present; truncated=true');
  });

  it('says how much of it is kept, whatever the reason is', () => {
    const { detail = '' } = draftOf({ fullBytes: 1000 }, {}, undefined, 'é'.repeat(5000)).options;
    expect(detail).toMatch(/é…; only the first 6 of 1000 bytes are kept$/);
    expect(Buffer.byteLength(detail)).toBeGreaterThan(QUARANTINE_DETAIL_BYTES_MAX - 4);
    expect(Buffer.byteLength(detail)).toBeLessThanOrEqual(QUARANTINE_DETAIL_BYTES_MAX);
  });
});
