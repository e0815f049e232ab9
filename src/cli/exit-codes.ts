/** What the process tells the shell. Documented in `steme --help` and docs/cli.md; a number never changes its meaning. */
export const EXIT_OK = 0;
export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;
export const EXIT_KEY_NOT_FOUND = 3;
export const EXIT_LOCKED = 4;
export const EXIT_DAMAGED = 5;
export const EXIT_RECORDS_REJECTED = 6;
export const EXIT_INTERRUPTED = 130;

export const EXIT_CODES_HELP = `
Exit codes:
  0    done; an ingest that rejected records is done too (see "steme quarantine ls")
  1    failed: no such file or database, disk full, permission denied, …
  2    wrong usage
  3    get: the key is not in the database; quarantine show: no entry has that id
  4    another process has the database open
  5    the database or the backup is damaged
  6    ingest --strict: done, and at least one record was rejected;
       quarantine replay --strict: done, and at least one entry stays
  130  interrupted by SIGINT or SIGTERM; run the same command again to complete it
`;
