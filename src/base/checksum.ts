import { crc32c as nativeCrc32c } from '@node-rs/crc32';

/** CRC32C (Castagnoli) of `bytes`, chained after `seed`: crc32c(b, crc32c(a)) is the checksum of a followed by b. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  // The addon takes a Buffer type but any view works; a view over shared memory is copied by the caller if the addon refuses.
  return nativeCrc32c(bytes as Buffer, seed);
}
