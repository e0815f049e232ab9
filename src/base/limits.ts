import { assert } from './errors.js';

/** Every bound of the engine (law 8), in one place. Sizes in bytes unless the name says otherwise. */
export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

export const KEY_BYTES_MAX = 64 * KIB;
export const VALUE_BYTES_MAX = 64 * MIB;
/** All keys and values of one batch together. A batch is one atomic unit in memory and in the log. */
export const BATCH_BYTES_MAX = 512 * MIB;
/** Sequence numbers are Numbers; 7 bytes on disk hold them. */
export const SEQUENCE_MAX = Number.MAX_SAFE_INTEGER;

/** One slot of the WAL's batch buffer. */
export const WAL_BATCH_BYTES = 128 * KIB;
/** How fast the log is taken to be replayed until that was timed: less than a slow machine does with small records. */
export const REPLAY_BYTES_PER_SECOND_DEFAULT = 64 * MIB;
export const RECOVERY_SECONDS_MAX_DEFAULT = 10;
export const RECOVERY_SECONDS_MAX_MIN = 0.1;
export const RECOVERY_SECONDS_MAX_MAX = 3600;
/** Slots in rotation: one fills while others are on their way. */
export const WAL_BATCH_SLOTS = 16;
/** O_DIRECT wants offset, length and address in whole blocks of the device; 4 KiB serves every disk in use. */
export const DIRECT_IO_BLOCK_BYTES = 4 * KIB;
export const WAL_SEGMENT_BYTES_MAX = GIB;
export const WAL_RECYCLED_SEGMENTS_MAX = 3;
/** Keys and values of writes that wait for a free WAL slot; beyond it a write is refused with STEME_BUSY. */
export const PENDING_WRITE_BYTES_MAX = GIB;

/** A log frame never claims more: a larger length read from disk is damage, found before memory is taken. */
export const LOG_FRAME_PAYLOAD_BYTES_MAX = MIB;

export const MEMTABLE_BYTES_DEFAULT = 64 * MIB;
export const MEMTABLE_BYTES_MIN = 4 * KIB;
export const MEMTABLE_BYTES_MAX = GIB;
/** The memtable of a large batch grows to hold it, up to here: a batch that would need more is refused. */
export const ARENA_BYTES_MAX = 2 * GIB;
/** Sealed memtables that wait for their flush; at the limit writers stop until one is flushed. */
export const SEALED_MEMTABLES_MAX = 3;

export const BLOCK_BYTES_DEFAULT = 4 * KIB;
export const BLOCK_BYTES_MIN = 64;
export const BLOCK_BYTES_MAX = MIB;
export const BLOCK_RESTART_INTERVAL = 16;
export const INDEX_PARTITION_BYTES = 64 * KIB;
export const BLOOM_BITS_PER_KEY_DEFAULT = 10;
export const BLOOM_BITS_PER_KEY_MAX = 32;
export const BLOCK_CACHE_BYTES_DEFAULT = 64 * MIB;
export const ROW_CACHE_BYTES_DEFAULT = 32 * MIB;
/** Its memory is one piece. */
export const ROW_CACHE_BYTES_MAX = GIB;
export const OPEN_TABLES_MAX = 512;
/** A walk over a table that is not mapped reads so much at once, and holds it. */
export const READ_AHEAD_BYTES_MAX = 256 * KIB;
/** A verification reads so much at once: it is to be as fast as the disk. */
export const VERIFY_READ_BYTES = MIB;
/** Damages that one job reports one by one; further ones are counted. */
export const VERIFY_DAMAGES_MAX = 1000;
/** The background scrub reads so much of a disk, and no more. */
export const SCRUB_BYTES_PER_SECOND_MAX = 16 * MIB;
export const SCRUB_PERIOD_HOURS_DEFAULT = 168;
export const SCRUB_PERIOD_HOURS_MAX = 365 * 24;
/** A database that was just opened has better things to do. */
export const SCRUB_FIRST_DELAY_MS = 10 * 60 * 1000;
/** Where there is nothing to read, or no time for it, it looks again after so long. */
export const SCRUB_RETRY_MS = 60 * 1000;
/** Values from here on go to blob files: a flush and every compaction then moves a short reference in their place. */
export const BLOB_THRESHOLD_BYTES_DEFAULT = 4 * KIB;
/** A job starts another blob file once one has this size. */
export const BLOB_FILE_BYTES_TARGET = 256 * MIB;
/** Blob files kept open for reading; one more is opened only after another is closed. */
export const OPEN_BLOBS_MAX = 256;
/** A compaction cuts its output tables at about this many stored bytes. */
export const TABLE_BYTES_TARGET = 64 * MIB;
export const TABLE_BYTES_MIN = 4 * KIB;
export const TABLE_BYTES_MAX = GIB;

/** Keys and values of a bulk load that are in memory for one table; another such chunk fills meanwhile. */
export const BULK_CHUNK_BYTES_MAX = TABLE_BYTES_TARGET;

/** Compaction; `compaction/compaction-settings.ts` says what each is for. */
export const LEVEL_MULTIPLIER = 10;
export const LEVEL_MULTIPLIER_MIN = 7.5;
export const BASE_LEVEL_BYTES_MAX = GIB;
export const BASE_LEVEL_BYTES_MIN = 256 * MIB;
export const COMPACTION_BYTES_MAX = 25 * TABLE_BYTES_TARGET;
export const GRANDPARENT_BYTES_MAX = 10 * TABLE_BYTES_TARGET;
export const L0_COMPACTION_COUNT = 4;
export const L0_SLOWDOWN_COUNT = 20;
/** A reader may have to ask so many tables of L0 before it comes to the levels. */
export const L0_STOP_COUNT = 36;
export const COMPACTION_DEBT_SOFT_BYTES = 16 * GIB;
export const COMPACTION_DEBT_HARD_BYTES = 64 * GIB;
/** A writer that is slowed down still gets so much. */
export const DELAYED_WRITE_BYTES_PER_SECOND_MIN = MIB;
/** Compaction without any debt to speak of takes so much of the disk. */
export const COMPACTION_BYTES_PER_SECOND_MIN = 64 * MIB;

/** A hundred years: what is to live longer needs no time to live. */
export const TTL_MS_MAX = 100 * 365 * 24 * 3600 * 1000;
/** An iterator that is open for longer is worth a warning. */
export const ITERATOR_WARNING_MS = 10 * 60 * 1000;
export const SNAPSHOT_WARNING_MS_DEFAULT = 10 * 60 * 1000;
export const TRANSACTION_TIMEOUT_MS_DEFAULT = 30 * 1000;
export const TRANSACTION_TIMEOUT_MS_MAX = 24 * 3600 * 1000;
export const TRANSACTION_RETRIES_MAX = 1000;
/** Keys that one transaction has read; all are looked up again when it commits. */
export const TRANSACTION_READ_BYTES_MAX = 256 * MIB;

/** The id of a tenant, in UTF-8. */
export const TENANT_BYTES_MAX = KIB;
/** What is known of a quarantined record beside its payload, which has the limit of a value; each in UTF-8. */
export const QUARANTINE_ID_BYTES_MAX = KIB;
export const QUARANTINE_REASON_BYTES_MAX = 256;
export const QUARANTINE_DETAIL_BYTES_MAX = 4 * KIB;
export const QUARANTINE_SOURCE_BYTES_MAX = 4 * KIB;
export const QUARANTINE_CONTENT_TYPE_BYTES_MAX = 255;
/** A file of the intake that has this size is followed by another one; what it holds goes to the segments of its tenants. */
export const QUARANTINE_INTAKE_BYTES = 16 * MIB;
/** A segment of a tenant that has this size is followed by another one. */
export const QUARANTINE_SEGMENT_BYTES = 8 * MIB;
/** Segments of tenants that are kept open for writing. */
export const QUARANTINE_OPEN_WRITERS_MAX = 256;
/** Entries of which no segment holds a durable copy yet are in memory as well; beyond it appends wait. */
export const QUARANTINE_PENDING_BYTES_MAX = 64 * MIB;
/** Ids of segments in which one was looked for: those of the last look-ups are remembered. */
export const QUARANTINE_ID_CACHE_BYTES = 64 * MIB;

export const PROFILE_SECONDS_DEFAULT = 10;
export const PROFILE_SECONDS_MIN = 0.01;
/** A longer profile holds more samples than a graph can show. */
export const PROFILE_SECONDS_MAX = 3600;

/** The manifest is rolled into one snapshot edit once it grows past this. */
export const MANIFEST_BYTES_MAX = 4 * MIB;
export const LEVEL_COUNT = 7;
export const WORKER_THREADS_MAX = 16;

assert(WAL_BATCH_BYTES <= LOG_FRAME_PAYLOAD_BYTES_MAX, 'a WAL batch fits a log frame');
assert(WAL_BATCH_BYTES % DIRECT_IO_BLOCK_BYTES === 0, 'a WAL batch is whole direct-I/O blocks');
assert(WAL_BATCH_SLOTS >= 2, 'one WAL slot fills while another is on its way');
assert(BATCH_BYTES_MAX >= KEY_BYTES_MAX + VALUE_BYTES_MAX, 'a batch can hold the largest record');
assert(ARENA_BYTES_MAX >= MEMTABLE_BYTES_MAX, 'an arena holds the largest memtable');
assert(BLOCK_BYTES_DEFAULT >= BLOCK_BYTES_MIN && BLOCK_BYTES_DEFAULT <= BLOCK_BYTES_MAX, 'default block size is legal');
assert(L0_COMPACTION_COUNT < L0_SLOWDOWN_COUNT, 'L0 is compacted before writers feel it');
assert(L0_SLOWDOWN_COUNT < L0_STOP_COUNT, 'writers slow down before they stop');
assert(COMPACTION_DEBT_SOFT_BYTES < COMPACTION_DEBT_HARD_BYTES, 'debt slows writers before it stops them');
assert(GRANDPARENT_BYTES_MAX < COMPACTION_BYTES_MAX, 'a table and what it overlaps fit a compaction');
