import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { open } from '../../../src/index.js';
import { temporaryDirectory } from '../../cli/cli-harness.js';
import { collected } from '../../support/collected.js';
import { walk } from './worked-example.js';

const lines = Array.from(
  { length: 1000 },
  (_, i) => `${['INFO', 'WARN', 'ERROR'][i % 3]} message of machine ${i % 7} #${String(i).padStart(4, '0')}`,
);

describe('the walk of docs/quarantine.md', () => {
  it('is the code that runs here', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/quarantine.md'), 'utf8');
    const code = readFileSync(join(import.meta.dirname, 'worked-example.ts'), 'utf8').replace(
      "'../../../src/index.js'",
      "'stemedb'",
    );
    expect(page).toContain(`\`\`\`ts\n${code}\`\`\``);
  });

  it('ends with every line in the store and an empty quarantine', async () => {
    const said = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const directory = await temporaryDirectory();
    const damaged = lines.map((line, i) => (i % 50 === 49 ? line.replace(/^[A-Z]+/, '???') : line));
    const contents = await walk(directory, damaged);
    expect(said.mock.calls.map(([text]) => text)).toContain('980 stored, 20 in quarantine');
    expect(said.mock.calls.at(-1)).toEqual(['20 of 20 replayed']);
    said.mockRestore();
    expect(contents.size).toBe(1000);
    const mended = lines.map((line, i) => (i % 50 === 49 ? line.replace(/^[A-Z]+/, 'INFO') : line));
    expect([...contents.values()]).toEqual(mended);
    const db = await open(directory);
    expect(await collected(db.quarantine.list())).toEqual([]);
    await db.close();
  });
});
