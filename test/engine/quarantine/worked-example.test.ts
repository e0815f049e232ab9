import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { open } from '../../../src/index.js';
import { temporaryDirectory } from '../../cli/cli-harness.js';
import { linesOf } from '../../faults/lines-of-bytes.js';
import { realLogs } from '../../faults/real-logs.js';
import { collected } from '../../support/collected.js';
import { walk } from './worked-example.js';

interface Line {
  readonly key: string;
  readonly text: string;
  /** As it comes in: every 50th without its last two characters. */
  readonly item: string;
}

/** The lines of all logs, by turns: a line of each, then the next one of each. */
function linesOfLogs(): Line[] {
  const logs = realLogs().map(({ name, bytes }) => ({
    log: name.replace(/\W.*$/, ''),
    texts: linesOf(bytes).map((line) => line.bytes.toString('utf8')),
  }));
  const lines: Line[] = [];
  const longest = Math.max(...logs.map(({ texts }) => texts.length));
  for (let line = 0; line < longest; line++) {
    for (const { log, texts } of logs) {
      const text = texts.at(line);
      if (text === undefined) continue;
      const item = JSON.stringify({ log, line, text });
      const isDamaged = lines.length % 50 === 49;
      lines.push({
        key: `${log}/${String(line).padStart(9, '0')}`,
        text,
        item: isDamaged ? item.slice(0, -2) : item,
      });
    }
  }
  return lines;
}

async function* itemsOf(lines: readonly Line[]): AsyncGenerator<string> {
  for (const { item } of lines) yield item;
}

describe('the walk of docs/quarantine.md', () => {
  it('is the code that runs here', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/quarantine.md'), 'utf8');
    const code = readFileSync(join(import.meta.dirname, 'worked-example.ts'), 'utf8').replace(
      "'../../../src/index.js'",
      "'stemedb'",
    );
    expect(page).toContain(`\`\`\`ts\n${code}\`\`\``);
  });

  it('takes in real logs of which every 50th line is damaged, and ends with every line in the store and an empty quarantine', async () => {
    const said = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const directory = await temporaryDirectory();
    const lines = linesOfLogs();
    const damagedCount = Math.floor(lines.length / 50);
    expect(damagedCount).toBeGreaterThanOrEqual(40);
    await walk(directory, itemsOf(lines));
    const texts = said.mock.calls.map(([text]) => String(text));
    said.mockRestore();
    expect(texts.at(0)).toBe(`${lines.length - damagedCount} stored, ${damagedCount} in quarantine`);
    expect(texts.at(1)).toMatch(/^\w+: malformed, .+, item \d+: \{"log":"/);
    expect(texts.at(-1)).toBe(`${damagedCount} of ${damagedCount} replayed, 0 failed`);

    const db = await open(directory);
    const entries = (await collected(db.iterator())).map(([key, value]) => [key.toString(), value.toString()]);
    expect(new Map(entries.map(([key, value]) => [key, value]))).toEqual(
      new Map(lines.map(({ key, text }) => [key, text])),
    );
    expect(entries.length).toBe(lines.length);
    expect(await collected(db.quarantine.list())).toEqual([]);
    for await (const tenant of db.quarantine.tenants()) {
      expect(await db.quarantine.stats(tenant)).toMatchObject({ entries: 0, segments: 0 });
    }
    const audits = await collected(db.quarantine.audits());
    expect(audits.map(({ by, counts }) => [by, counts.replayed])).toEqual([['the night shift', damagedCount]]);
    await db.close();
  });
});
