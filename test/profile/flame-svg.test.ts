import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { differenceSvg, profileSvg } from '../../src/profile/flame-svg.js';
import { escapeXml, formatChange, formatWeight } from '../../src/profile/flame-text.js';
import { viewerScript } from '../../src/profile/flame-viewer.js';
import { profileOf, weighted } from './stacks.js';
import { expectWellFormed } from './well-formed.js';

const NASTY = `<b>"x" & 'y'</b>]]>`;

describe('the graph', () => {
  const profile = profileOf(
    {
      'opening thread': [weighted('main@app.js#1 > getSync@src/engine/steme-database.js#2', 3_000_000)],
      'worker 1': [weighted('runFlush@src/jobs/flush-job.js#3 > pwrite', 1_000_000)],
    },
    { operations: 1000, title: 'node app.js' },
  );

  it('is well-formed, and has threads, phases, frames and shares in it', () => {
    const svg = profileSvg(profile);
    expectWellFormed(svg);
    for (const text of [
      'opening thread',
      'worker 1',
      'point read 75.0 %',
      'flush 25.0 %',
      '1,000 operations, 4.00 ms each',
    ]) {
      expect(svg).toContain(text);
    }
    expect(svg).toContain(
      'getSync src/engine/steme-database.js:2\n3.00 s, 75.0 % of all\nof it 3.00 s itself (point read)',
    );
  });

  it('escapes whatever functions and programs are called', () => {
    const frames = [{ name: NASTY, origin: 'program' as const, file: `${NASTY}.js`, line: 1 }];
    const svg = profileSvg(profileOf({ [NASTY]: [{ frames, weight: 1 }] }, { title: `${NASTY}\u0000\u001b` }));
    expectWellFormed(svg);
    expect(svg).not.toContain('<b>');
    expect(svg.split('<script>')[0]).not.toContain(']]>');
  });

  it('asks nothing of a network', () => {
    const urls = profileSvg(profile).match(/https?:\/\/[^"'\s<]+/g) ?? [];
    expect(new Set(urls)).toEqual(new Set(['http://www.w3.org/2000/svg', 'http://www.w3.org/1999/xhtml']));
  });

  it('of nothing is well-formed too', () => {
    expectWellFormed(profileSvg(profileOf({})));
    expectWellFormed(differenceSvg(profileOf({}), profileOf({})));
  });

  it('of a comparison says what changed for one operation', () => {
    const after = profileOf(
      { 'opening thread': [weighted('main@app.js#5 > getSync@src/engine/steme-database.js#9', 3_000_000)] },
      { operations: 2000, title: 'later' },
    );
    const svg = differenceSvg(profile, after);
    expectWellFormed(svg);
    expect(svg).toContain('point read 3.00 ms/op → 1.50 ms/op, −50.0 %');
    expect(svg).toContain('flush 1.00 ms/op → 0 ns/op, gone');
  });
});

describe('the script of a graph', () => {
  it('compiles, and would not end its CDATA section', () => {
    const script = viewerScript({ marginPixels: 10, framesPixels: 100, characterPixels: 6 });
    expect(script).not.toContain(']]>');
    expect(() => runInNewContext(`(function () { return; ${script} })`)).not.toThrow();
  });

  it('zooms and finds', () => {
    const page = fakePage([
      ['all', 0, 1, 0],
      ['left', 0, 0.25, 1],
      ['right', 0.25, 0.75, 1],
      ['below right', 0.5, 0.25, 2],
    ]);
    runInNewContext(viewerScript({ marginPixels: 0, framesPixels: 1000, characterPixels: 6 }), {
      document: page.document,
    });
    page.click(2);
    expect(page.shown()).toEqual(['all 0.00+1000.00', 'right 0.00+1000.00', 'below right 333.33+333.33']);
    page.type('right');
    expect(page.found()).toBe('75.00 % found');
    page.press('Escape');
    expect(page.shown()).toHaveLength(4);
  });
});

describe('text', () => {
  it('is escaped, and what XML cannot hold is left out', () => {
    expect(escapeXml('a<b>&"\'\u0000\u{1F600}\uD800')).toBe('a&lt;b&gt;&amp;&quot;&#39;\u{1F600}');
  });

  it('has weights in units that fit', () => {
    expect([0, 0.5, 999.6, 1_234_567].map((us) => formatWeight(us, 'us'))).toEqual([
      '0 ns',
      '500 ns',
      '1.00 ms',
      '1.23 s',
    ]);
    expect([12, 45_600].map((bytes) => formatWeight(bytes, 'bytes'))).toEqual(['12.0 B', '45.6 kB']);
    expect([formatChange(2, 1), formatChange(1, 2), formatChange(0, 1), formatChange(1, 0)]).toEqual([
      '−50.0 %',
      '+100 %',
      'new',
      'gone',
    ]);
  });
});

type Listener = (event: { key?: string }) => void;

/** As much of a browser as the script asks for. */
function fakePage(boxes: readonly (readonly [label: string, start: number, width: number, depth: number])[]) {
  const groups = boxes.map(([label, start, width, depth]) => {
    const parts = { title: element(label), rect: element(''), text: element('') };
    const group = element('', { 'data-x': String(start), 'data-w': String(width), 'data-d': String(depth) });
    return { ...group, parts, querySelector: (name: keyof typeof parts) => parts[name] };
  });
  const input = { ...element(''), value: '' };
  const found = element('');
  const svg = {
    querySelector: (name: string) => (name === 'input' ? input : name === '.found' ? found : element('')),
    querySelectorAll: () => groups,
  };
  const page = element('');
  const isShown = (group: (typeof groups)[number]): boolean => group.attributes.get('display') !== 'none';
  const placeOf = ({ parts }: (typeof groups)[number]): string =>
    `${parts.title.textContent} ${parts.rect.attributes.get('x')}+${parts.rect.attributes.get('width')}`;
  return {
    document: { currentScript: null, documentElement: svg, addEventListener: page.addEventListener },
    click: (index: number) => groups[index].fire('click', {}),
    press: (key: string) => page.fire('keydown', { key }),
    type: (text: string) => {
      input.value = text;
      input.fire('input', {});
    },
    found: () => found.textContent,
    shown: () => groups.filter(isShown).map(placeOf),
  };
}

function element(textContent: string, given: Readonly<Record<string, string>> = {}) {
  const attributes = new Map(Object.entries(given));
  const listeners = new Map<string, Listener>();
  return {
    textContent,
    attributes,
    getAttribute: (name: string) => attributes.get(name),
    setAttribute: (name: string, value: string) => void attributes.set(name, value),
    removeAttribute: (name: string) => void attributes.delete(name),
    addEventListener: (name: string, listener: Listener) => void listeners.set(name, listener),
    fire: (name: string, event: { key?: string }) => listeners.get(name)?.(event),
  };
}
