import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadItem } from '../../src/cli/record-reader/record.js';
import { createRecordReader, type FormatName } from '../../src/cli/record-reader/record-reader.js';

interface ReadOptions {
  readonly requiredFields?: readonly string[];
  readonly recordBytesMax?: number;
}

/** Reads `source`, cut into chunks before each of `cuts`. */
function read(
  format: FormatName,
  source: Uint8Array | string,
  cuts: readonly number[] = [],
  options: ReadOptions = {},
) {
  const bytes = Buffer.from(source);
  const reader = createRecordReader(format, { requiredFields: [], ...options });
  const items: ReadItem[] = [];
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    // A copy: a reader must not rely on chunks lying side by side in memory.
    items.push(...reader.push(Uint8Array.from(bytes.subarray(start, cut))));
    start = cut;
  }
  items.push(...reader.end());
  return { items: items.map(plain), emptyLineCount: reader.emptyLineCount };
}

function plain(item: ReadItem) {
  const { line, bytes, fullBytes } = item.raw;
  const raw = { line, text: Buffer.from(bytes).toString('latin1'), fullBytes };
  if (item.kind === 'rejection') return { ...raw, code: item.code, reason: item.reason };
  return { ...raw, value: Buffer.from(item.value).toString('latin1') };
}

function values(format: FormatName, source: string): (string | undefined)[] {
  return read(format, source).items.map((item) => ('value' in item ? item.value : undefined));
}

/** Bytes in which line ends, quotes, commas, marks and broken UTF-8 are common. */
const hostileBytes = fc
  .array(
    fc
      .constantFrom('\n', '\r\n', '\r', '"', '""', ',', 'a', 'b\n', '{"a":1}', '{', '\ufeff', 'é', '\u0000', '\\')
      .map((text) => Buffer.from(text)),
    { maxLength: 60 },
  )
  .chain((parts) =>
    fc.uint8Array({ maxLength: 4 }).map((noise) => Buffer.concat([...parts, noise, ...parts.slice(0, 5)])),
  );

const sourceWithCuts = hostileBytes.chain((source) =>
  fc.tuple(
    fc.constant(source),
    fc.array(fc.nat(source.length), { maxLength: 20 }).map((cuts) => cuts.sort((a, b) => a - b)),
  ),
);

describe.each(['lines', 'ndjson', 'csv'] as const)('reading %s', (format) => {
  it('gives the same records wherever chunks begin and end', () => {
    const outcome = (source: Uint8Array, cuts: readonly number[]) => {
      try {
        return read(format, source, cuts, { recordBytesMax: 40 });
      } catch (error) {
        return String(error);
      }
    };
    fc.assert(
      fc.property(sourceWithCuts, ([source, cuts]) => {
        expect(outcome(source, cuts)).toEqual(outcome(source, []));
      }),
      { seed: 1, numRuns: 1500 },
    );
  });

  it('gives the same records when every byte is a chunk of its own', () => {
    const source = Buffer.from('\ufeff"a","b"\r\n"1","2\n3"\n\n"é""",\r\n{"a":1}\n"x"');
    const cuts = Array.from(source.keys());
    expect(read(format, source, cuts)).toEqual(read(format, source));
  });

  it('finds nothing in an empty source', () => {
    expect(read(format, '')).toEqual({ items: [], emptyLineCount: 0 });
  });
});

describe('reading lines', () => {
  it('agrees with splitting the whole source at once', () => {
    fc.assert(
      fc.property(sourceWithCuts, ([source, cuts]) => {
        const pieces = source.toString('latin1').split('\n');
        if (pieces.at(-1) === '') pieces.pop();
        const lines = pieces.map((text, index) => ({ line: index + 1, text: text.replace(/\r$/, '') }));
        const found = read('lines', source, cuts);
        expect(found.items.map(({ line, text }) => ({ line, text }))).toEqual(lines.filter(({ text }) => text !== ''));
        expect(found.emptyLineCount).toBe(lines.filter(({ text }) => text === '').length);
      }),
      { seed: 2, numRuns: 1000 },
    );
  });

  it('keeps bytes that are no text, and a byte order mark, as they are', () => {
    const junk = Uint8Array.from([0xef, 0xbb, 0xbf, 0, 1, 0xff, 0xfe, 0x0d, 0x80]);
    expect(read('lines', Buffer.concat([junk, Buffer.from('\nnext')])).items).toEqual([
      {
        line: 1,
        text: Buffer.from(junk).toString('latin1'),
        fullBytes: 9,
        value: Buffer.from(junk).toString('latin1'),
      },
      { line: 2, text: 'next', fullBytes: 4, value: 'next' },
    ]);
  });

  it('rejects a line over the limit, keeps its beginning and its length, and goes on after it', () => {
    const source = `first\n${'x'.repeat(100)}\r\nlast`;
    for (const cuts of [[], [20], [20, 40, 60, 80, 100], [106, 107, 108]]) {
      const [first, long, last] = read('lines', source, cuts, { recordBytesMax: 10 }).items;
      expect(first).toMatchObject({ line: 1, value: 'first' });
      expect(long).toMatchObject({
        line: 2,
        text: 'x'.repeat(10),
        code: 'too-large',
        reason: expect.stringContaining('bytes, more than'),
      });
      expect(long.fullBytes).toBeGreaterThanOrEqual(100);
      expect(last).toMatchObject({ line: 3, value: 'last' });
    }
  });

  it('takes a line of exactly the limit, with either line ending', () => {
    const tight = { recordBytesMax: 5 };
    for (const source of ['12345\n', '12345\r\n', '12345']) {
      for (let cut = 0; cut <= source.length; cut++) {
        expect(read('lines', source, [cut], tight).items).toEqual([
          { line: 1, text: '12345', fullBytes: 5, value: '12345' },
        ]);
      }
    }
  });

  it('holds on to little of a line of 200 MB', () => {
    const reader = createRecordReader('lines', { requiredFields: [] });
    const chunk = new Uint8Array(1_000_000).fill(0x61);
    for (let i = 0; i < 200; i++) expect(reader.push(chunk)).toEqual([]);
    const [item] = reader.end();
    expect(item.kind).toBe('rejection');
    expect(item.raw.fullBytes).toBe(200_000_000);
    expect(item.raw.bytes.length).toBeLessThanOrEqual(1024 * 1024);
    expect(item.raw.bytes.buffer.byteLength).toBeLessThanOrEqual(1024 * 1024);
  });
});

describe('reading ndjson', () => {
  it('stores the line as it is, without mark and line ending', () => {
    expect(values('ndjson', '\ufeff{ "a" : 1 }\r\n[2]\n"text"\n4')).toEqual(['{ "a" : 1 }', '[2]', '"text"', '4']);
  });

  it('rejects what is not JSON or not UTF-8, and goes on', () => {
    const source = Buffer.concat([
      Buffer.from('{"a":1}\n{"a":\n'),
      Buffer.from([0x22, 0xff, 0x22, 0x0a]),
      Buffer.from('{}'),
    ]);
    expect(read('ndjson', source).items).toMatchObject([
      { line: 1, value: '{"a":1}' },
      { line: 2, code: 'malformed', reason: expect.stringMatching(/^the line is not JSON: /) },
      { line: 3, code: 'not-utf8', reason: 'the line is not UTF-8', text: '"\u00ff"' },
      { line: 4, value: '{}' },
    ]);
  });

  it('finds fields by name and by dotted path, and nothing that is inherited', () => {
    const reader = createRecordReader('ndjson', { requiredFields: [] });
    const [item] = reader.push(Buffer.from('{"a":{"b":{"c":7}},"x.y":8,"n":null}\n'));
    if (item.kind !== 'record') throw new Error('the record was rejected');
    expect(item.fields?.get('a.b.c')).toBe(7);
    expect(item.fields?.get('x.y')).toBe(8);
    expect(item.fields?.get('n')).toBe(null);
    expect(['a.b.d', 'n.x', 'toString', 'a.constructor', '__proto__'].map((name) => item.fields?.get(name))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('reading csv', () => {
  it('makes a JSON object of every row', () => {
    const source = '\ufeffid,note\r\n1,"a ""b"", c"\r\n2,"two\nlines"\n\n3,\n';
    expect(values('csv', source).map((value) => JSON.parse(value ?? ''))).toEqual([
      { id: '1', note: 'a "b", c' },
      { id: '2', note: 'two\nlines' },
      { id: '3', note: '' },
    ]);
  });

  it('knows the line that a row begins on', () => {
    expect(read('csv', 'a\n"1\n2\n3"\n\n4\n').items.map((item) => item.line)).toEqual([2, 6]);
  });

  it('finds a quoted field with a newline behind a byte order mark', () => {
    expect(values('csv', '\ufeff"a\nb",c\n1,2\n')).toEqual(['{"a\\nb":"1","c":"2"}']);
  });

  it('keeps columns with the names of object internals', () => {
    expect(values('csv', '__proto__,constructor\n1,2\n')).toEqual(['{"__proto__":"1","constructor":"2"}']);
  });

  it('rejects rows of the wrong width, of wrong quotes, or not in UTF-8, each for itself', () => {
    const source = Buffer.concat([
      Buffer.from('a,b\n1,2\n3\n4,5,6\n7,x"y\n"8"z,9\n10,'),
      Buffer.from([0xff]),
      Buffer.from('\n11,é\n'),
    ]);
    expect(read('csv', source).items).toMatchObject([
      { line: 2, value: '{"a":"1","b":"2"}' },
      { line: 3, code: 'wrong-width', reason: 'the row has 1 fields, the header has 2' },
      { line: 4, reason: 'the row has 3 fields, the header has 2' },
      { line: 5, code: 'malformed', reason: expect.stringContaining('Quote') },
      { line: 6, reason: expect.stringContaining('Quote') },
      { line: 7, code: 'not-utf8', reason: 'the row is not UTF-8' },
      { line: 8, value: Buffer.from('{"a":"11","b":"é"}').toString('latin1') },
    ]);
  });

  it('rejects a quote that is never closed as one record, and says so', () => {
    expect(read('csv', 'a,b\n1,2\n3,"4\n5,6\n').items).toMatchObject([
      { line: 2 },
      { line: 3, text: '3,"4\n5,6\n', reason: expect.stringContaining('Quote Not Closed') },
    ]);
  });

  it('has the header as it stands in the source, once it was read', () => {
    const reader = createRecordReader('csv', { requiredFields: [] });
    reader.push(Buffer.from('\ufeff"a\nb",c'));
    expect(reader.header).toBeUndefined();
    reader.push(Buffer.from('\r\n1,2\n'));
    expect(Buffer.from(reader.header ?? []).toString()).toBe('"a\nb",c');
  });

  it('does not let a truncated row swallow its neighbours', () => {
    const items = read('csv', `a,b\n"${'x'.repeat(50)}",1\n2,"3"\n`, [], { recordBytesMax: 20 }).items;
    expect(items).toMatchObject([
      { line: 2, fullBytes: 54 },
      { line: 3, value: '{"a":"2","b":"3"}' },
    ]);
  });

  it('refuses a header with a column twice, or without a field that keys need', () => {
    expect(() => read('csv', 'a,b,a\n1,2,3\n')).toThrow('names the column "a" twice');
    expect(() => read('csv', 'a,b\n1,2\n', [], { requiredFields: ['id'] })).toThrow('has no column "id"');
    expect(() => read('csv', '"a,b\n1,2\n')).toThrow('cannot be read');
  });
});
