/** What makes a graph answer: zoom by click, search, a line that says what is under the pointer. It asks nothing of a network. */

export interface ViewerSizes {
  readonly marginPixels: number;
  readonly framesPixels: number;
  readonly characterPixels: number;
}

/** The script of a graph, for a CDATA section. */
export function viewerScript({ marginPixels, framesPixels, characterPixels }: ViewerSizes): string {
  return `(function () {
  'use strict';
  var MARGIN = ${marginPixels}, WIDTH = ${framesPixels}, CHARACTER = ${characterPixels}, NEAR = 1e-7;
  var script = document.currentScript;
  var svg = (script && script.ownerSVGElement) || document.documentElement;
  var details = svg.querySelector('.details'), found = svg.querySelector('.found'), input = svg.querySelector('input');
  var boxes = Array.prototype.map.call(svg.querySelectorAll('g.f'), function (group) {
    var title = group.querySelector('title').textContent;
    return {
      group: group, rect: group.querySelector('rect'), text: group.querySelector('text'), title: title,
      label: title.split('\\n')[0], start: Number(group.getAttribute('data-x')), width: Number(group.getAttribute('data-w')),
      depth: Number(group.getAttribute('data-d'))
    };
  });
  function fit(label, pixels) {
    var room = Math.floor((pixels - 6) / CHARACTER);
    if (room < 3) return '';
    return label.length <= room ? label : label.slice(0, room - 1) + '\\u2026';
  }
  function place(box, start, width, isAbove) {
    var left = Math.max(0, start), right = Math.min(1, start + width), pixels = (right - left) * WIDTH;
    if (pixels <= 0.05) { box.group.setAttribute('display', 'none'); return; }
    box.group.removeAttribute('display');
    box.group.setAttribute('opacity', isAbove ? '0.55' : '1');
    box.rect.setAttribute('x', (MARGIN + left * WIDTH).toFixed(2));
    box.rect.setAttribute('width', pixels.toFixed(2));
    box.text.setAttribute('x', (MARGIN + left * WIDTH + 3).toFixed(2));
    box.text.textContent = fit(box.label, pixels);
  }
  function zoom(to) {
    boxes.forEach(function (box) {
      var holds = box.start <= to.start + NEAR && box.start + box.width >= to.start + to.width - NEAR;
      if (box.depth < to.depth && !holds) box.group.setAttribute('display', 'none');
      else place(box, (box.start - to.start) / to.width, box.width / to.width, box.depth < to.depth);
    });
  }
  function search(text) {
    var pattern = null, ends = [], share = 0;
    try { if (text !== '') pattern = new RegExp(text, 'i'); } catch (error) { found.textContent = 'no regular expression'; return; }
    boxes.forEach(function (box) {
      var isFound = pattern !== null && box.depth > 0 && pattern.test(box.label);
      box.rect.setAttribute('class', isFound ? 'hit' : '');
      // Boxes come depth first: what is below a hit is counted with it.
      if (isFound && !ends.some(function (end) { return box.start >= end[0] - NEAR && box.start + box.width <= end[1] + NEAR; })) {
        ends.push([box.start, box.start + box.width]);
        share += box.width;
      }
    });
    found.textContent = pattern === null ? '' : (share * 100).toFixed(2) + ' % found';
  }
  boxes.forEach(function (box) {
    box.group.addEventListener('click', function () { zoom(box); });
    box.group.addEventListener('mouseover', function () { details.textContent = box.title.split('\\n').join('   '); });
  });
  if (input) input.addEventListener('input', function () { search(input.value); });
  document.addEventListener('keydown', function (event) { if (event.key === 'Escape') zoom(boxes[0]); });
})();`;
}
