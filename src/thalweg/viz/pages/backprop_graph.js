/** @file The graph as SVG: boxes and lines that stay, numbers that change, and what is known by now. */

import { flowsTo, inLine, lines, norm, number, sum } from './backprop_words.js';

/**
 * @typedef {import('./backprop_words.js').Pass} Pass
 * @typedef {import('./backprop_words.js').Results} Results
 * @typedef {import('./backprop_words.js').Step} Step
 *
 * @typedef {object} Scene
 * @property {number} width
 * @property {number} height
 * @property {'LR' | 'TB'} direction
 * @property {number[][]} boxes centre, width and height of each
 * @property {{path: string, head: string, tag: number[] | null}[]} wires
 *
 * @typedef {{title: number, note: number, number: number, gap: number, leading: number}} Sizes
 */

const LINE = 1.2;
const EDGE = 6; // pixels around the graph, for thick borders

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {Element} [parent]
 */
function make(name, attributes, parent) {
  const element = /** @type {SVGElement} */ (document.createElementNS('http://www.w3.org/2000/svg', name));
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  parent?.append(element);
  return element;
}

/**
 * Lines of text around a height, smaller where they are too wide.
 * @param {SVGElement} text
 * @param {string[]} content
 * @param {number} x
 * @param {number} middle
 * @param {number} size
 * @param {number} room in pixels
 */
function write(text, content, x, middle, size, room) {
  text.replaceChildren();
  text.style.fontSize = `${size}px`;
  const top = middle - ((content.length - 1) * LINE * size) / 2;
  content.forEach((line, i) => {
    make('tspan', { x, y: top + i * LINE * size + 0.35 * size }, text).textContent = line;
  });
  const width = Math.max(...[...text.children].map((line) => /** @type {any} */ (line).getComputedTextLength()));
  if (width > room) text.style.fontSize = `${(size * room) / width}px`;
}

/**
 * @param {Element} parent
 * @param {Pass} pass
 * @param {Scene} scene
 * @param {Sizes} sizes
 */
export function graph(parent, pass, scene, sizes) {
  const { width, height, boxes, wires, direction } = scene;
  const svg = make('svg', {
    viewBox: `${-EDGE} ${-EDGE} ${width + 2 * EDGE} ${height + 2 * EDGE}`, 'aria-hidden': 'true',
  });
  parent.replaceChildren(svg);
  const edges = wires.map(({ path, head, tag }, i) => {
    const group = make('g', { class: pass.edges[i].gradient === null ? 'wire plain' : 'wire' }, svg);
    make('path', { d: path }, group);
    make('polygon', { points: head }, group);
    const anchors = direction === 'LR' ? ['middle', 'middle'] : ['end', 'start'];
    const texts = tag && ['value', 'gradient'].map((kind, k) => make('text', { class: kind, 'text-anchor': anchors[k] }, group));
    return { group, texts };
  });
  const nodes = boxes.map(([x, y, w, h], i) => {
    const { kind, label, notes } = pass.nodes[i], computed = kind === 'operation' || kind === 'layer';
    const group = make('g', { class: `node ${kind}` }, svg);
    make('rect', { x: x - w / 2, y: y - h / 2, width: w, height: h, rx: computed ? 6 : Math.min(w, h) / 2 }, group);
    const content = label.split('\n'), titleHeight = content.length * LINE * sizes.title, noteHeight = LINE * sizes.note;
    let top = y - (titleHeight + notes.length * (noteHeight + sizes.leading)) / 2;
    const title = make('text', { class: 'name', 'text-anchor': 'middle' }, group);
    write(title, content, x, top + titleHeight / 2, sizes.title, w);
    top += titleHeight + sizes.leading;
    const small = notes.map((note) => {
      const text = make('text', { class: `note ${note.kind}`, 'text-anchor': 'middle' }, group), middle = top + noteHeight / 2;
      top += noteHeight + sizes.leading;
      return { text, middle, note };
    });
    return { group, small };
  });

  return {
    /** @param {number} scale */
    fit(scale) {
      svg.setAttribute('width', String(scale * (width + 2 * EDGE)));
      svg.setAttribute('height', String(scale * (height + 2 * EDGE)));
    },
    /**
     * @param {Results} results
     * @param {number} done how many steps are known
     * @param {boolean} pointing whether the last of them stands out
     */
    show(results, done, pointing) {
      const steps = pass.steps.slice(0, done), now = pointing ? steps.at(-1) : undefined;
      const valued = new Set(steps.filter(({ kind }) => kind === 'forward').map(({ node }) => node));
      const passed = new Set(steps.filter(({ kind }) => kind === 'backward').map(({ node }) => node));
      const seeded = steps.some(({ kind }) => kind === 'seed');
      const hasValue = (/** @type {number} */ i) => valued.has(i) || !['operation', 'layer'].includes(pass.nodes[i].kind);
      const hasGradient = (/** @type {import('./backprop_words.js').Edge} */ { target }) => (target === null ? seeded : passed.has(target));
      edges.forEach(({ group, texts }, i) => {
        const edge = pass.edges[i], active = now && edge.target === now.node && now.kind !== 'seed';
        group.classList.toggle('unknown', !hasValue(edge.source));
        group.classList.toggle('forward', Boolean(active && now.kind === 'forward'));
        group.classList.toggle('backward', Boolean(active && now.kind === 'backward' && edge.gradient !== null));
        const tag = wires[i].tag;
        if (!texts || !tag) return;
        [edge.value, edge.gradient].forEach((result, k) => {
          const known = result !== null && (k ? hasGradient(edge) : hasValue(edge.source));
          const content = known ? lines(results[result], edge.shape, pass.brief) : [];
          const [x, y, w] = tag, side = k ? 1 : -1, half = (content.length * LINE * sizes.number) / 2 + sizes.gap;
          if (!content.length) texts[k].replaceChildren();
          else if (direction === 'LR') write(texts[k], content, x, y + side * half, sizes.number, w);
          else write(texts[k], content, x + side * 1.6 * sizes.gap, y, sizes.number, w / 2 - sizes.gap);
        });
      });
      nodes.forEach(({ group, small }, i) => {
        const node = pass.nodes[i];
        group.classList.toggle('unknown', !hasValue(i));
        group.classList.toggle('forward', now?.kind === 'forward' && now.node === i);
        group.classList.toggle('backward', now?.kind === 'backward' && now.node === i);
        let weight = 0;
        for (const { text, middle, note } of small) {
          let content = note.text, known = hasValue(i);
          if (note.kind === 'weight') {
            const { name, gradient, shape } = node.weights[weight++];
            content = `∇${name} ${inLine(results[gradient], shape, true)}`;
            known = passed.has(i);
          } else if (note.kind === 'weights') {
            const together = norm(node.weights.map(({ gradient }) => norm(results[gradient])));
            content = `∇ of ${node.weights.length} weights norm ${number(together)}`;
            known = passed.has(i);
          } else if (note.kind === 'sum') {
            content = sum(pass, i, results, !note.text.startsWith('Σ'));
            known = flowsTo(pass, i).every(hasGradient);
          }
          if (known) write(text, [content], boxes[i][0], middle, sizes.note, boxes[i][2]);
          else text.replaceChildren();
        }
      });
    },
  };
}
