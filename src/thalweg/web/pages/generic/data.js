/** @file Data to train on: from a CSV file, or made up. */

import { anyNumber, sizeOf } from './inputs.js';

/** @typedef {import('./inputs.js').Spec} Spec */
/** @typedef {{x: Record<string, number[]>, y: Record<string, number[]>, rows: number}} Data */

/** @param {Spec[]} specs @returns {Record<string, number[]>} */
const columns = (specs) => Object.fromEntries(specs.map(({ name }) => [name, []]));

/**
 * Rows of numbers: first the inputs, then the targets.
 * @param {string} text
 * @param {Spec[]} inputs
 * @param {Spec[]} targets
 * @returns {Data}
 */
export function parseCsv(text, inputs, targets) {
  const x = columns(inputs), y = columns(targets), all = [...inputs, ...targets];
  const width = all.reduce((sum, spec) => sum + sizeOf(spec), 0);
  let rows = 0;
  text.split(/\r?\n/).forEach((line, number) => {
    if (!line.trim()) return;
    const cells = line.split(/[,;\t]/), values = cells.map((cell) => (cell.trim() ? Number(cell) : NaN));
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0 && !rows) return; // names of the columns
    if (values.length !== width) throw new Error(`Line ${number + 1} has ${values.length} columns, expected ${width}.`);
    if (wrong >= 0) throw new Error(`Line ${number + 1} has "${cells[wrong]}" in column ${wrong + 1}, which is no number.`);
    let place = 0;
    for (const spec of inputs) x[spec.name].push(...values.slice(place, (place += sizeOf(spec))));
    for (const spec of targets) y[spec.name].push(...values.slice(place, (place += sizeOf(spec))));
    rows++;
  });
  if (!rows) throw new Error('The file has no row of numbers.');
  return { x, y, rows };
}

/**
 * A few samples whose targets depend on their inputs, so that there is something to learn.
 * @param {any} model
 * @param {number} rows
 * @returns {Data}
 */
export function makeUp(model, rows) {
  const x = columns(model.inputs), y = columns(model.targets);
  for (let row = 0; row < rows; row++) {
    let sum = 0, count = 0;
    for (const spec of model.inputs) {
      const values = Array.from({ length: sizeOf(spec) }, () => anyNumber(spec));
      x[spec.name].push(...values);
      sum += values.reduce((all, value) => all + value, 0);
      count += values.length;
    }
    const share = 1 / (1 + Math.exp((-1.7 * sum) / Math.sqrt(count)));
    model.targets.forEach((/** @type {Spec} */ spec, /** @type {number} */ k) => {
      const size = sizeOf(spec), classes = model.outputs[k].shape.at(-1) ?? 1;
      const loss = String(model.training.loss);
      for (let i = 0; i < size; i++) {
        y[spec.name].push(spec.dtype.includes('int') ? Math.floor(share * classes)
          : /categorical/.test(loss) ? Number(Math.floor(share * size) === i) : /binary/.test(loss) ? Math.round(share) : share);
      }
    });
  }
  return { x, y, rows };
}
