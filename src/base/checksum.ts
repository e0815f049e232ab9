import { crc32c as nativeCrc32c } from '@node-rs/crc32';

/** CRC32C (Castagnoli) of `bytes`, chained after `seed`: crc32c(b, crc32c(a)) is the checksum of a followed by b. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  // The addon takes a Buffer type but any view works; a view over shared memory is copied by the caller if the addon refuses.
  return nativeCrc32c(bytes as Buffer, seed);
}

const POLYNOMIAL_REVERSED = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL_REVERSED : 0);
  return remainder;
});

/** The same without a native call, which costs more than a few dozen bytes do here. */
export function crc32cOfFew(bytes: Uint8Array, seed = 0): number {
  let remainder = ~seed;
  for (let i = 0; i < bytes.length; i++) remainder = TABLE[(remainder ^ bytes[i]) & 0xff] ^ (remainder >>> 8);
  return ~remainder >>> 0;
}
