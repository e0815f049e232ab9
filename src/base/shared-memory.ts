import { alignUp } from './bytes.js';
import { MIB } from './limits.js';

/** The one corner of WebAssembly that the engine uses; the type library that describes it is the browser's. */
declare const WebAssembly: {
  readonly Memory: {
    new (descriptor: { initial: number; maximum: number; shared: true }): { readonly buffer: SharedArrayBuffer };
    new (descriptor: { initial: number; maximum: number }): { readonly buffer: ArrayBuffer };
  };
};

const WASM_PAGE_BYTES = 65536;
const pageAligned = new WeakSet<ArrayBufferLike>();
const PLAIN_BYTES_MAX = MIB;
/** Whoever asks for bytes may look at them as words. */
const WORD_BYTES = 8;

/**
 * At least `bytes` of zeroed memory that every thread can see, for what is not written to a disk as it stands. A small piece is a
 * plain SharedArrayBuffer: a WebAssembly memory takes tens of microseconds and gigabytes of address space, however little it holds.
 */
export function allocateUnalignedMemory(bytes: number): SharedArrayBuffer {
  return bytes <= PLAIN_BYTES_MAX ? new SharedArrayBuffer(alignUp(bytes, WORD_BYTES)) : allocateSharedMemory(bytes);
}

/**
 * At least `bytes` of zeroed memory that every thread can see and that starts on a page: O_DIRECT refuses plain
 * SharedArrayBuffers, and takes this. Pages cost RAM only once they are touched.
 */
export function allocateSharedMemory(bytes: number): SharedArrayBuffer {
  const pages = wholePages(bytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }).buffer;
  pageAligned.add(memory);
  return memory;
}

/** The same for this thread alone: into it V8 copies with the processor's widest moves, and into shared memory by words or bytes. */
export function allocatePageAlignedMemory(bytes: number): ArrayBuffer {
  const pages = wholePages(bytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer;
  pageAligned.add(memory);
  return memory;
}

/** Whether this thread allocated it as memory that starts on a page. */
export function isPageAligned(memory: ArrayBufferLike): boolean {
  return pageAligned.has(memory);
}

function wholePages(bytes: number): number {
  return Math.ceil(bytes / WASM_PAGE_BYTES);
}
