import { expect } from 'vitest';

const TOKEN =
  /<\?xml[^?]*\?>|<!\[CDATA\[[\s\S]*?\]\]>|<(?<close>\/)?(?<name>[A-Za-z][\w:-]*)(?<attributes>(?:\s+[\w:-]+="[^"<]*")*)\s*(?<empty>\/)?>|(?<text>[^<]+)/y;
const ENTITIES = /&(?!(?:amp|lt|gt|quot|#39);)/;

/** As strict as a browser is with a file of its own: tags that match, attributes in quotes, no bare `&` or `<`. */
export function expectWellFormed(xml: string): void {
  const open: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < xml.length) {
    const at = TOKEN.lastIndex;
    const { groups } = TOKEN.exec(xml) ?? {};
    expect(groups, `not well-formed from ${JSON.stringify(xml.slice(at, at + 80))}`).toBeDefined();
    const { close, name, attributes = '', empty, text = '' } = groups ?? {};
    expect(ENTITIES.test(text) || ENTITIES.test(attributes), `a bare & in ${text}${attributes}`).toBe(false);
    if (name === undefined || empty !== undefined) continue;
    if (close === undefined) open.push(name);
    else expect(open.pop()).toBe(name);
  }
  expect(open).toEqual([]);
}
