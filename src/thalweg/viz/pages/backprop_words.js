/** @file Numbers and steps in words, as in the figures that Python draws. */

/**
 * @typedef {object} Weight
 * @property {string} name
 * @property {number} gradient the number of a result
 * @property {number[]} shape
 *
 * @typedef {object} Node
 * @property {string} label
 * @property {'input' | 'variable' | 'constant' | 'operation' | 'layer'} kind
 * @property {number[]} shape
 * @property {number} value the number of a result
 * @property {number | null} gradient
 * @property {number[]} inputs numbers of nodes
 * @property {Weight[]} weights
 * @property {{kind: 'shape' | 'weight' | 'weights' | 'sum', text: string}[]} notes at first
 *
 * @typedef {object} Edge
 * @property {number} source the number of a node
 * @property {number | null} target
 * @property {number[]} shape
 * @property {number} value the number of a result
 * @property {number | null} gradient
 * @property {number | null} derivative
 *
 * @typedef {{kind: 'forward' | 'seed' | 'backward', node: number}} Step
 *
 * @typedef {number[][]} Results the elements of each result; of a large one its norm
 *
 * @typedef {object} Pass
 * @property {Node[]} nodes
 * @property {Edge[]} edges
 * @property {Step[]} steps
 * @property {boolean} brief whether arrays are told by their norms
 *
 * @typedef {{text: string, kind?: 'value' | 'gradient' | 'derivative'}} Piece
 */

const MOST_COLUMNS = 4, MOST_ROWS = 3;
/** @type {Record<string, string>} */
const SIGNS = { add: '+', subtract: '−', multiply: '×', divide: '/', matmul: '@' };

/** @param {number[]} shape */
const count = (shape) => shape.reduce((a, b) => a * b, 1);

/**
 * A number with three digits that count.
 * @param {number} x
 */
export function number(x) {
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x > 0 ? '∞' : '−∞';
  if (x === 0) return '0';
  const rounded = Number(x.toPrecision(3)), size = Math.abs(rounded);
  let text = String(rounded);
  if (size < 1e5 && (size >= 1000 || Number.isInteger(x))) text = x.toFixed(0);
  else if (size >= 1000 || size < 1e-4) text = rounded.toExponential().replace('e+', 'e');
  return text.replaceAll('-', '−');
}

/** @param {number[]} shape whether the elements of such an array are few enough to be shown */
export function isWrittenOut(shape) {
  if (count(shape) === 1) return true;
  const rows = shape.length === 2 ? shape[0] : 1, columns = shape.at(-1) ?? 1;
  return (shape.length === 1 || shape.length === 2) && rows >= 1 && rows <= MOST_ROWS && columns >= 1 && columns <= MOST_COLUMNS;
}

/** @param {number[]} elements of a result, or its norm alone */
export const norm = (elements) => Math.hypot(...elements);

/**
 * The lines of an array: its elements where they are few, else its norm.
 * @param {number[]} elements
 * @param {number[]} shape
 * @param {boolean} [brief] the norm in any case
 */
export function lines(elements, shape, brief = false) {
  if (count(shape) === 1) return [number(elements[0])];
  if (brief || !isWrittenOut(shape)) return [`norm ${number(norm(elements))}`];
  const columns = shape.at(-1) ?? 1;
  return Array.from({ length: elements.length / columns }, (_, row) => `[${elements.slice(row * columns, (row + 1) * columns).map(number).join(', ')}]`);
}

/**
 * The same on one line.
 * @param {number[]} elements
 * @param {number[]} shape
 * @param {boolean} [brief]
 */
export function inLine(elements, shape, brief) {
  const found = lines(elements, shape, brief);
  return found.length > 1 ? `[${found.join(', ')}]` : found[0];
}

/** @param {string} text */
const bracketed = (text) => (text.startsWith('−') ? `(${text})` : text);

/**
 * What happens in a step: a title, and lines of pieces.
 * @param {Pass} pass
 * @param {Step} step
 * @param {Results} results
 * @returns {{title: string, lines: Piece[][]}}
 */
export function happening(pass, step, results) {
  const node = pass.nodes[step.node];
  if (step.kind === 'forward') return { title: `Forward through ${node.label}`, lines: [forward(pass, node, results)] };
  if (step.kind === 'seed') {
    const seeds = pass.edges.filter((edge) => edge.target === null && edge.gradient !== null);
    const found = seeds.map((edge) => [/** @type {Piece} */ ({ text: inLine(results[edge.gradient ?? 0], edge.shape, pass.brief), kind: 'gradient' })]);
    if (!found.length) return { title: 'No gradient comes in', lines: [] };
    return { title: seeds.length === 1 && count(seeds[0].shape) === 1 ? 'The gradient of the result' : 'The gradient that comes in', lines: found };
  }
  const found = pass.edges.filter((edge) => edge.target === step.node && edge.gradient !== null).map((edge) => backward(pass, node, edge, results));
  for (const { name, gradient, shape } of node.weights) {
    found.push([{ text: `for ${name}: ` }, { text: inLine(results[gradient], shape, true), kind: 'gradient' }]);
  }
  return { title: `Backward through ${node.label}`, lines: found };
}

/**
 * @param {Pass} pass
 * @param {Node} node
 * @param {Results} results
 * @returns {Piece[]}
 */
function forward(pass, node, results) {
  const result = inLine(results[node.value], node.shape, pass.brief);
  const operands = node.inputs.map((i) => pass.nodes[i]);
  if (node.kind === 'layer' || [node, ...operands].some(({ shape }) => count(shape) !== 1)) {
    return [{ text: result, kind: 'value' }, { text: ` comes out, of shape ${node.shape.join(' × ') || 'scalar'}` }];
  }
  const values = operands.map((operand) => number(results[operand.value][0])), sign = SIGNS[node.label];
  const text = sign && values.length === 2 ? `${values[0]} ${sign} ${bracketed(values[1])} = ` : `${node.label}(${values.join(', ')}) = `;
  return [{ text }, { text: result, kind: 'value' }];
}

/**
 * The chain rule on an edge: −10 × 2 = −20.
 * @param {Pass} pass
 * @param {Node} node
 * @param {Edge} edge
 * @param {Results} results
 * @returns {Piece[]}
 */
function backward(pass, node, edge, results) {
  /** @type {Piece} */
  const flow = { text: inLine(results[/** @type {number} */ (edge.gradient)], edge.shape, pass.brief), kind: 'gradient' };
  const start = { text: `to ${pass.nodes[edge.source].label}: ` };
  if (edge.derivative === null || node.gradient === null || pass.brief || !isWrittenOut(edge.shape)) return [start, flow];
  return [
    start,
    { text: inLine(results[node.gradient], node.shape), kind: 'gradient' },
    { text: ' × ' },
    { text: bracketed(inLine(results[edge.derivative], edge.shape)), kind: 'derivative' },
    { text: ' = ' },
    flow,
  ];
}

/**
 * The edges along which gradients come back to the value of a node; another output of it is another value.
 * @param {Pass} pass
 * @param {number} i the number of the node
 */
export const flowsTo = ({ edges, nodes }, i) => edges.filter((edge) => edge.source === i && edge.gradient !== null && edge.value === nodes[i].value);

/**
 * Where several gradients meet, their sum.
 * @param {Pass} pass
 * @param {number} i the number of the node
 * @param {Results} results
 * @param {boolean} exact whether the sum of the parts in the picture is the whole
 */
export function sum(pass, i, results, exact) {
  const node = pass.nodes[i], total = inLine(results[node.gradient ?? 0], node.shape, pass.brief);
  if (!exact) return `Σ ${total}`;
  const [first, ...rest] = flowsTo(pass, i).map((edge) => number(results[edge.gradient ?? 0][0]));
  return `${first}${rest.map((text) => (text.startsWith('−') ? ` − ${text.slice(1)}` : ` + ${text}`)).join('')} = ${total}`;
}
