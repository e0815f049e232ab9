/**
 * What one operation of each micro may take on the machine that the project's goals were measured on, and why. Figures marked
 * "machine" were measured there, in plain JavaScript sketches on shared memory and in the peers; the others are a share of a goal:
 *
 * - fillrandom, 786 k/s: 1.27 µs a record on the opening thread. Of that 0.8 µs go to the memtable, 0.15 to the log.
 * - fillseq, 1.29 M/s: 0.77 µs a record. 0.4 to the memtable, 0.15 to the log.
 * - read random hot, getSync 605 k/s: 1.65 µs. A table answers in 1.4, of which 0.7 is work and the rest is waiting for memory.
 * - scan forward, 2.5 M rows/s handed out: 0.4 µs a row, of which 0.2 are two Buffers and the entry.
 * - sustained ingest, write amplification at most 3.8: a worker that keeps up with 300 k/s spends 3.3 µs a record on flush and merges,
 *   so that each of some three passes has 1.1 µs: merge 0.5, encode 0.5, the rest is reading and compression on the other core.
 */
export interface Budget {
  readonly ns: number;
  readonly reason: string;
}

function budget(ns: number, reason: string): Budget {
  return { ns, reason };
}

const NATIVE_CALL = 'machine: a native call costs 150 to 350 ns however little it does';
const ONE_LINE = 'a loop of 16 bytes, both keys at hand';

const MACHINE: Readonly<Record<string, Budget>> = {
  'machine/map-get-1m': budget(430, 'machine: memory latency, the floor of any look-up in a million records'),
  'machine/settled-await': budget(72, 'machine'),
  'machine/native-buffer-100': budget(480, 'machine: a new Buffer out of a native call'),
};

const CODEC: Readonly<Record<string, Budget>> = {
  'compare/key-16': budget(20, `${ONE_LINE}; neighbours among random keys differ in the second`),
  'compare/common-prefix-16': budget(20, ONE_LINE),
  'varint/write': budget(8, 'one to three bytes, a branch not foreseen (5 ns)'),
  'varint/read': budget(12, 'the same, through a cursor'),
  'copy/range-16': budget(20, 'a loop of 16 bytes'),
  'copy/range-100': budget(90, 'a view (50 ns) and a native copy: past 48 bytes cheaper than a loop'),
  'copy/to-buffer-100': budget(120, 'a slice of Node’s pool and a copy; the one allocation that a read may make'),
};

const CHECKSUM: Readonly<Record<string, Budget>> = {
  'crc32c/64': budget(350, NATIVE_CALL),
  'crc32c/4096': budget(900, `${NATIVE_CALL}; then 8 GB/s: 36 records of a block share it`),
  'crc32c/131072': budget(17_000, '8 GB/s: 15 ns for each of the 1,000 records in a batch of the log'),
  'xxhash/16': budget(25, 'the JavaScript twin: four multiplications of one stripe, no native call'),
  'xxhash/64': budget(60, 'the twin: four stripes'),
  'xxhash/1024': budget(600, `${NATIVE_CALL}; then 4 GB/s`),
};

const LZ4: Readonly<Record<string, Budget>> = {
  'lz4/compress-4096': budget(10_000, '500 MB/s with the call and its Buffer: 0.3 µs a record, in a worker'),
  'lz4/compress-65536': budget(110_000, '600 MB/s'),
  'lz4/decompress-4096': budget(3_500, '2 GB/s, and 480 ns for the Buffer: what a block that is not cached pays'),
  'lz4/decompress-65536': budget(33_000, '2 GB/s'),
};

const MEMTABLE: Readonly<Record<string, Budget>> = {
  'memtable/insert/random/10k': budget(400, 'machine: an append to an arena with a hash index, all in the cache'),
  'memtable/insert/rising/10k': budget(400, 'as random; fillseq leaves no more'),
  'memtable/insert/random/1m': budget(800, 'the share of fillrandom; a skip list takes 2,500 (machine)'),
  'memtable/insert/rising/1m': budget(400, 'the share of fillseq: neighbours are in the cache, however many there are'),
  'memtable/lookup/random/10k': budget(250, 'machine: a hash look-up, at best'),
  'memtable/lookup/rising/10k': budget(250, 'machine: a hash look-up, at best'),
  'memtable/lookup/random/1m': budget(430, 'machine: memory latency; 340 by a hash alone'),
  'memtable/lookup/rising/1m': budget(430, 'machine: memory latency; 340 by a hash alone'),
  'memtable/iterate/random/10k': budget(130, 'machine: scan decode, at best'),
  'memtable/iterate/rising/10k': budget(130, 'machine: scan decode, at best'),
  'memtable/iterate/random/1m': budget(250, 'scan decode, and one wait for a record that is anywhere in memory'),
  'memtable/iterate/rising/1m': budget(180, 'machine: scan decode; records stand in key order'),
};

const BLOCK: Readonly<Record<string, Budget>> = {
  'block/seek': budget(250, 'two restart points, then eight entries on average at 20 ns, and setting up'),
  'block/find-walk': budget(200, 'the same without keys put together'),
  'block/find-directory': budget(
    100,
    'six steps of a binary search over adjacent integers, and one entry; 190 where memory is waited for',
  ),
  'block/next': budget(50, 'an entry decoded, its key put together: a third of scan decode'),
  'block/decode': budget(4_000, 'a block of 36 entries: 110 ns for each that is walked, once a block'),
};

const FILTER_CACHE: Readonly<Record<string, Budget>> = {
  'filter/hit': budget(35, 'machine: a blocked bloom probe'),
  'filter/miss': budget(35, 'machine: a blocked bloom probe'),
  'cache/hit': budget(100, 'two loads from the second cache, and four stores to move it to the front'),
  'cache/miss-and-insert': budget(
    400,
    'two misses, an eviction, an insertion; reading and checking the block takes ten times as long',
  ),
};

const ROW_CACHE: Readonly<Record<string, Budget>> = {
  'row-cache/hit': budget(200, 'a line of slots and the first two of a row, all past the second cache'),
  'row-cache/miss-and-offer': budget(
    150,
    'a line of slots, past the second cache; a hundredth of a block that is read',
  ),
};

const FILE: Readonly<Record<string, Budget>> = {
  'file/map-4k-hot': budget(1_000, 'a view (50 ns) and 64 lines of memory that nobody has touched lately'),
  'file/pread-4k-hot': budget(2_500, 'a native call, a system call, a copy of 4 KiB, and the lines'),
};

const WAL: Readonly<Record<string, Budget>> = {
  'wal/append': budget(150, 'the share of fillrandom: lengths, 116 bytes copied, 15 ns of checksum'),
  'wal/append-a-frame-each': budget(1_500, 'a frame and 4 KiB of padding: nothing beside the sync that follows'),
  'wal/append-fdatasync': budget(164_000, 'machine: append and fdatasync'),
  'wal/overwrite-fdatasync': budget(108_000, 'machine: 99 to 108 µs where zeros were written before'),
  'wal/overwrite-direct': budget(99_000, 'machine: the lower end; one call writes and syncs'),
  'wal/commit-sync': budget(178_000, 'an overwrite, and a thread round trip of 10 to 70 µs (machine)'),
};

const TABLE: Readonly<Record<string, Budget>> = {
  'table/encode-none': budget(500, 'machine: encode into blocks'),
  'table/encode-lz4': budget(800, 'the same, and 0.3 µs of compression'),
  'table/get-hit': budget(1_400, 'machine: a point read over decoded blocks with an owned Buffer, 1.4 to 1.8 µs'),
  'table/get-miss': budget(
    120,
    'hash and filter, with one wait for its line; read missing, 1.85 M/s, leaves 540 for all of it',
  ),
  'table/scan': budget(180, 'machine: scan decode, 0.13 to 0.18 µs'),
  'merge/4-tables': budget(500, 'machine: four-way merge and copy, 0.3 to 0.5 µs'),
  'merge/2-memtables-2-tables': budget(500, 'machine: four-way merge and copy, 0.3 to 0.5 µs'),
};

/** By the name of the micro. Alternatives have none. */
export const BUDGETS: Readonly<Record<string, Budget | undefined>> = {
  ...MACHINE,
  ...CODEC,
  ...CHECKSUM,
  ...LZ4,
  ...MEMTABLE,
  ...BLOCK,
  ...FILTER_CACHE,
  ...ROW_CACHE,
  ...FILE,
  ...WAL,
  ...TABLE,
};
