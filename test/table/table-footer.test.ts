import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../../src/base/errors.js';
import { decodeFooter, encodeFooter, FOOTER_BYTES, type TableFooter } from '../../src/table/table-footer.js';

const FILE_BYTES = 2 ** 40 + 1000;
const FOOTER: TableFooter = {
  topIndex: { offsetBytes: 2 ** 40, sizeBytes: 300 },
  filter: { offsetBytes: 64, sizeBytes: 76 },
  properties: { offsetBytes: 200, sizeBytes: 50 },
  indexLevels: 2,
  tableNumber: 2 ** 33 + 7,
  formatVersion: 2,
};

function decode(bytes: Uint8Array, fileBytes = FILE_BYTES): TableFooter {
  return decodeFooter(bytes, 'x.sst', fileBytes, FOOTER.tableNumber);
}

describe('the footer', () => {
  it('is read as it was written, with and without a filter', () => {
    expect(decode(encodeFooter(FOOTER))).toEqual(FOOTER);
    const bare = { ...FOOTER, filter: undefined };
    expect(decode(encodeFooter(bare))).toEqual(bare);
  });

  it('is refused by its own checksum or magic, whichever bit is flipped', () => {
    for (let bit = 0; bit < FOOTER_BYTES * 8; bit++) {
      const bytes = encodeFooter(FOOTER);
      bytes[bit >>> 3] ^= 1 << (bit & 7);
      expect(() => decode(bytes), `bit ${bit}`).toThrow(/checksum|magic/);
    }
  });

  it('is refused when a block would not fit the file', () => {
    expect(() => decode(encodeFooter(FOOTER), 2 ** 40 + 300)).toThrow(CorruptionError);
  });

  it('is refused when it is the footer of another table, or has an unknown number of index levels', () => {
    expect(() => decode(encodeFooter({ ...FOOTER, tableNumber: 8 }))).toThrow('table 8');
    expect(() => decode(encodeFooter({ ...FOOTER, indexLevels: 3 }))).toThrow('index levels');
  });
});
