import { describe, expect, it } from 'vitest';
import { haveSamePackages } from '../../../native-bench/regress/lockfile.js';

const packages = {
  '': { version: '0.1.0' },
  'node_modules/piscina': { version: '5.3.2', integrity: 'sha512-a' },
  'node_modules/typescript': { version: '6.0.3', dev: true },
  'node_modules/vitest': { version: '4.1.12', dev: true },
};
const lock = (changes: object): string => JSON.stringify({ packages: { ...packages, ...changes } });

describe('two lockfiles', () => {
  it('ask for the same where only tools differ, or the version of the project', () => {
    expect(haveSamePackages(lock({}), lock({}))).toBe(true);
    const others = { '': { version: '0.2.0' }, 'node_modules/vitest': { version: '5.0.0', dev: true } };
    expect(haveSamePackages(lock({}), lock(others))).toBe(true);
    const optional = { 'node_modules/bindings': { version: '1.0.0', devOptional: true } };
    expect(haveSamePackages(lock({}), lock(optional))).toBe(true);
  });

  it('ask for others where a package that runs, or the compiler, differs', () => {
    expect(haveSamePackages(lock({}), lock({ 'node_modules/piscina': { version: '5.3.3' } }))).toBe(false);
    expect(haveSamePackages(lock({}), lock({ 'node_modules/typescript': { version: '5.9.0', dev: true } }))).toBe(
      false,
    );
    expect(haveSamePackages(lock({}), lock({ 'node_modules/more': { version: '1.0.0' } }))).toBe(false);
    expect(haveSamePackages(lock({}), '{}')).toBe(false);
  });
});
