/** The one corner of WebAssembly that the engine uses; the type library that describes it is the browser's. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: {
    initial: number;
    maximum: number;
    shared: true;
  }) => {
    readonly buffer: SharedArrayBuffer;
  };
};

const WASM_PAGE_BYTES = 65536;

/**
 * At least `bytes` of zeroed memory that every thread can see and that starts on a page: O_DIRECT refuses plain
 * SharedArrayBuffers, and takes this. Pages cost RAM only once they are touched.
 */
export function allocateSharedMemory(bytes: number): SharedArrayBuffer {
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }).buffer;
}
