// The part of a package-lock that some packages need, so that what is deployed is what was locked and tested. It reads no disk.

export interface LockedPackage {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface PackageLock {
  readonly lockfileVersion: number;
  /** By path: `node_modules/a`, `node_modules/a/node_modules/b`; empty is the project itself. */
  readonly packages: Readonly<Record<string, LockedPackage>>;
  readonly [field: string]: unknown;
}

/** A project with nothing but `names`, at their locked versions, and everything below them. */
export function lockOf(lock: PackageLock, project: string, names: readonly string[]): PackageLock {
  const found: Record<string, LockedPackage> = {};
  const needed = (from: string, name: string): string => {
    const path = located(lock, from, name);
    if (path !== undefined) return path;
    throw new Error(`Cannot lock ${name}: package-lock.json has no entry for it, run npm install`);
  };
  const waiting = names.map((name) => needed('', name));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const from = path;
    const locked = lock.packages[from];
    if (locked === undefined || from in found) continue;
    found[from] = locked;
    waiting.push(...Object.keys(locked.dependencies ?? {}).map((name) => needed(from, name)));
    // What is optional may be for a platform that nobody locked.
    const optional = Object.keys(locked.optionalDependencies ?? {}).map((name) => located(lock, from, name));
    waiting.push(...optional.filter((one) => one !== undefined));
  }
  const dependencies = Object.fromEntries(
    names.map((name) => [name, found[`node_modules/${name}`]?.version ?? '']),
  );
  const sorted = Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    name: project,
    lockfileVersion: lock.lockfileVersion,
    requires: true,
    packages: { '': { name: project, dependencies }, ...sorted },
  };
}

/** As Node looks for it: below the package itself first, then in each folder above. */
function located(lock: PackageLock, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const path = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (path in lock.packages) return path;
    if (folder === '') return undefined;
  }
}
