import { StemeError, systemCodeOf } from '../base/errors.js';

/** What the errno names mean to the person who reads the message. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied; check owner and mode',
  EBADF: 'it is not open for that',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'there is something of that name',
  EFBIG: 'the file system, or the limit of this process (ulimit -f), does not take files that large',
  EINVAL: 'the file system refuses the request',
  EIO: 'the disk reports an I/O error; check its health',
  EISDIR: 'it is a directory',
  EMLINK: 'the file has as many names as the file system takes',
  EMFILE: 'this process has too many files open; raise its limit (ulimit -n)',
  ENFILE: 'the machine has too many files open',
  ENOENT: 'it does not exist',
  ENOSPC: 'the disk is full; free some space',
  ENOTDIR: 'a part of the path is not a directory',
  ENOTEMPTY: 'it is not empty',
  ENOTSUP: 'the file system does not do that',
  EPERM: 'the operation is not permitted',
  EROFS: 'the file system is mounted read-only',
  EXDEV: 'the two names are on different file systems',
};

/** STEME_IO for a refused operation: `cannot <verb> <path>: <reason> (<errno name>)`. */
export function ioError(verb: string, path: string, cause: unknown): StemeError {
  const code = systemCodeOf(cause);
  const reason = code === undefined ? String(cause) : `${REASONS[code] ?? messageOf(cause)} (${code})`;
  return new StemeError('STEME_IO', `cannot ${verb} ${path}: ${reason}`, { cause });
}

/** An error as the operating system's would look, for file systems that are not the real one. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: ${REASONS[code] ?? 'refused'}`), { code });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
