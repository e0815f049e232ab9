interface Lockfile {
  readonly packages?: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  /** Of a development tool, or an optional peer of one. */
  readonly devOptional?: boolean;
}

/** What a build is made with, besides what it runs with. */
const BUILD_TOOLS = /^node_modules\/(?:typescript|@types\/[^/]+)$/;

/**
 * Whether a build made and run with the packages of lock `a` is the same as with those of lock `b`: tools that only test, lint or
 * measure may differ, so that not every older revision needs an installation of its own.
 */
export function haveSamePackages(a: string, b: string): boolean {
  return a === b || relevantPackages(a) === relevantPackages(b);
}

function relevantPackages(text: string): string {
  const { packages = {} } = JSON.parse(text) as Lockfile;
  const relevant = Object.entries(packages).filter(
    ([path, { dev, devOptional }]) => path !== '' && (!(dev || devOptional) || BUILD_TOOLS.test(path)),
  );
  return JSON.stringify(relevant.map(([path, { version, integrity }]) => [path, version, integrity]).sort());
}
