/** A frame of a stack, with nothing of this machine in it. */

/**
 * Whose code it is: this package's, the program's that uses it, another package's, Node's own JavaScript; native code, the kernel; or
 * what V8 and its profilers put on top of a stack in place of a function.
 */
export type FrameOrigin = 'engine' | 'program' | 'package' | 'node' | 'native' | 'kernel' | 'collector' | 'waiting';

export interface Frame {
  readonly name: string;
  readonly origin: FrameOrigin;
  /** `src/wal/wal-writer.js` in this package, `server.js` in the program, `express/lib/router.js`, `node:fs`; empty without one. */
  readonly file: string;
  /** From 1; 0 where it is not known. */
  readonly line: number;
}

export interface FramePaths {
  /** Directories of this package's `src` and `workers`, built or not, with a slash at the end. */
  readonly engineRoots: readonly string[];
  /** The directory that the program's own files are named from. */
  readonly programRoot: string;
}

/** A copy of this package that is installed somewhere else than where this one is. */
const INSTALLED_ENGINE = /\/node_modules\/stemedb\/dist\/((?:src|workers)\/.+)$/;
const MODULES = '/node_modules/';

/** What a profiler says of a JavaScript function, made a frame. `url` is a file URL, a path, `node:fs`, or empty. */
export function jsFrame(functionName: string, url: string, line: number, paths: FramePaths): Frame {
  const special = SPECIAL_FRAMES.get(functionName);
  if (special !== undefined && url === '') return special;
  const name = functionName === '' ? 'anonymous' : functionName;
  if (url === '' || url.startsWith('wasm:')) return { name, origin: 'native', file: '', line: 0 };
  return { name, line, ...placeOf(pathOf(url), paths) };
}

export function nativeFrame(name: string, origin: 'native' | 'kernel' = 'native'): Frame {
  return { name, origin, file: '', line: 0 };
}

/** As it stands in a graph: `merge src/read/merge.js:12`. */
export function frameLabel({ name, file, line }: Frame): string {
  if (file === '') return name;
  return line === 0 ? `${name} ${file}` : `${name} ${file}:${line}`;
}

/** A map: an object would know `constructor`, too. */
const SPECIAL_FRAMES: ReadonlyMap<string, Frame> = new Map([
  ['(root)', nativeFrame('(root)')],
  ['(program)', nativeFrame('(native code)')],
  ['(garbage collector)', { name: '(garbage collector)', origin: 'collector', file: '', line: 0 }],
  ['(idle)', { name: '(idle)', origin: 'waiting', file: '', line: 0 }],
]);

function pathOf(url: string): string {
  const path = url.startsWith('file://') ? url.slice('file://'.length) : url;
  try {
    return decodeURIComponent(path).replace(/[?#].*$/, '');
  } catch {
    return path;
  }
}

function placeOf(path: string, { engineRoots, programRoot }: FramePaths): Pick<Frame, 'origin' | 'file'> {
  if (path.startsWith('node:')) return { origin: 'node', file: path };
  for (const root of engineRoots) {
    const rest = path.startsWith(root) ? path.slice(root.length) : '';
    if (/^(?:src|workers)\//.test(rest)) return { origin: 'engine', file: rest };
  }
  const installed = INSTALLED_ENGINE.exec(path);
  if (installed !== null) return { origin: 'engine', file: installed[1] };
  const modulesEnd = path.lastIndexOf(MODULES);
  if (modulesEnd >= 0) return { origin: 'package', file: path.slice(modulesEnd + MODULES.length) };
  const directory = programRoot.endsWith('/') ? programRoot : `${programRoot}/`;
  if (path.startsWith(directory)) return { origin: 'program', file: path.slice(directory.length) };
  // The rest of an absolute path belongs to this machine, not to the program.
  return { origin: 'program', file: path.slice(path.lastIndexOf('/') + 1) };
}
