import { PROJECT_URL } from './project.js';

/** What the built package exports: benches and the crash harness run the code that users run, not its sources. */
export type EngineModule = typeof import('../../src/index.js');

/** Loads the built engine. `STEMEDB_ENGINE` names another build's `index.js`, to measure or torment two builds alike. */
export async function loadEngine(): Promise<EngineModule> {
  const url = engineUrl();
  try {
    return (await import(url.href)) as EngineModule;
  } catch (cause) {
    throw new Error(`cannot load the engine from ${url.pathname}: run "npm run build" first`, { cause });
  }
}

/** A file of the same build, named as seen from its `index.js`: for what the package has and does not export. */
export async function loadEnginePart<Part>(name: string): Promise<Part> {
  return (await import(new URL(name, engineUrl()).href)) as Part;
}

function engineUrl(): URL {
  const named = process.env.STEMEDB_ENGINE;
  if (named !== undefined) return new URL(named, `file://${process.cwd()}/`);
  return new URL('dist/src/index.js', PROJECT_URL);
}
