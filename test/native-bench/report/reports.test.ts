import { describe, expect, test } from 'vitest';
import { escapeHtml, jsonForScript, programForScript } from '../../../native-bench/report/html-escape.js';
import { htmlReport } from '../../../native-bench/report/html-page.js';
import { notesReport, textReport } from '../../../native-bench/report/text-report.js';
import { sampleFacts, sampleResults, sampleRun } from './sample-results.js';

const PARTS = { style: 'p{}', chartLibrary: 'const Chart = "</script>";', chartScript: 'draw();' };

describe('the text of a run', () => {
  test('says what misleads, a line for each', () => {
    expect(notesReport(['the load is 9.0', 'it swaps'])).toBe('Note: the load is 9.0\nNote: it swaps\n');
  });

  test('has each engine with its spread, the ratio with the peer, and the verdict', () => {
    const lines = textReport(sampleResults()).split('\n');
    const rowOf = (engine: string) => lines.find((line) => line.startsWith('fillrandom') && line.includes(engine));
    expect(rowOf('stemedb')).toMatch(/900\s+ops\/s\s+800–1,000/);
    expect(rowOf('classic-level')).toMatch(
      /\(best peer\)\s+400\s+ops\/s\s+300–400\s+2\.50 × \(2\.00–3\.00\)\s+≥ 2 ×\s+met/,
    );
  });

  test('has the limits of the machine before the tables', () => {
    const limits = {
      ...{ sequentialWriteMbPerS: 500, cachedReadMbPerS: 4000, appendSyncUsP50: 164, appendSyncUsP99: 400 },
      ...{ overwriteSyncUsP50: 101, overwriteSyncUsP99: 300, memoryCopyMbPerS: 9000, mapGetNs: 430 },
      ...{ threadRoundTripUsP50: 20, threadRoundTripUsP99: 60 },
    };
    const text = textReport(sampleResults({ limits }));
    expect(text).toMatch(/overwrite 4 KiB of zeros and fdatasync\s+101 µs \(p99 300 µs\)/);
    expect(text.indexOf('memory copy')).toBeLessThan(text.indexOf('Writes, '));
  });

  test('leaves columns out that none of its rows has', () => {
    const runs = [sampleRun('readrandom', 'stemedb', 1, 1000)];
    const text = textReport(sampleResults({ runs, workloads: [sampleFacts('readrandom')] }));
    expect(text).not.toMatch(/min–max|write amp|p99\.9|verdict/);
    expect(text).toMatch(/read amp/);
  });

  test('ends with what failed', () => {
    const failures = [{ workload: 'fillseq', engine: 'lmdb' as const, round: 2, message: 'no space' }];
    expect(textReport(sampleResults({ failures }))).toMatch(/fillseq lmdb round 2: no space$/);
  });
});

describe('the page of a run', () => {
  test('loads nothing', () => {
    const page = htmlReport(sampleResults(), PARTS);
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/https?:|\bsrc=|<link/);
  });

  test('has a table beside every chart', () => {
    const page = htmlReport(sampleResults(), PARTS);
    const canvases = [...page.matchAll(/<canvas id="([^"]+)" role="img" aria-label="[^"]+">/g)].map(([, id]) => id);
    expect(canvases).toEqual(['ratios', 'fillrandom-headline', 'fillrandom-amplification']);
    expect(page).toContain('<caption>fillrandom: speed</caption>');
    expect(page).toContain('<caption>1 of 1 goals met.</caption>');
    expect(page).toContain('<td class="met">met</td>');
  });

  test('hands the same figures to the charts', () => {
    const page = htmlReport(sampleResults(), PARTS);
    const json = /<script type="application\/json" id="charts">(.*)<\/script>/.exec(page)?.[1] ?? '';
    const headline = (JSON.parse(json) as { id: string }[]).find(({ id }) => id === 'fillrandom-headline');
    expect(headline).toMatchObject({
      labels: ['stemedb', 'classic-level'],
      series: [
        {
          values: [900, 400],
          ranges: [
            [800, 1000],
            [300, 400],
          ],
          isOurs: [true, false],
        },
      ],
    });
  });

  test('shows text as text, wherever it comes from', () => {
    const name = '<img onerror="x">';
    const runs = [sampleRun(name, 'stemedb', 1, 1, { latencyUs: { p50: 1, p99: 2, p999: 3, max: 4 } })];
    const workloads = [sampleFacts(name, { description: '</script><b>' })];
    const page = htmlReport(sampleResults({ runs, workloads, notes: ['a < b & c'] }), PARTS);
    expect(page).not.toContain('<img');
    expect(page).not.toContain('<b>');
    expect(page).toContain('a &lt; b &amp; c');
    expect(page.match(/<script/g)).toHaveLength(3);
    expect(page.match(/<\/script/g)).toHaveLength(3);
  });
});

test('nothing ends a script before its time', () => {
  expect(escapeHtml(`<a href="x" title='y'>&`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;');
  expect(jsonForScript({ text: '</script><!--' })).toBe('{"text":"\\u003c/script>\\u003c!--"}');
  expect(programForScript('"</SCRIPT>" + "<!--"')).toBe('"<\\/SCRIPT>" + "<\\!--"');
});
