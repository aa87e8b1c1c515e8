/** @file The table of features by how much they move the price. */

import { digits, dollars, find } from '../common/dom.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./data.js').Feature} Feature */

/**
 * By how many dollars the price rises where a feature is one deviation higher. Of a linear model that is its
 * weight, the same everywhere; of a network it depends on the district.
 * @param {Session} session
 * @param {Feature[]} features
 * @param {Float32Array} district
 * @returns {number[]}
 */
export function effects(session, features, district) {
  if (session.name === 'linear') return Array.from(session.model.getState('kernel'), (weight) => 1000 * weight);
  const width = features.length, rows = new Float32Array(width * (width + 1));
  for (let row = 0; row <= width; row++) rows.set(district, row * width);
  features.forEach((feature, i) => (rows[i * width + i] += feature.deviation));
  const prices = /** @type {Float32Array} */ (session.model.predictSync(rows));
  return features.map((_, i) => 1000 * (prices[i] - prices[width]));
}

/**
 * @param {Feature[]} features
 * @param {number[]} changes in dollars
 */
export function showEffects(features, changes) {
  const most = Math.max(...changes.map(Math.abs)) || 1;
  const order = features.map((_, i) => i).sort((a, b) => Math.abs(changes[b]) - Math.abs(changes[a]));
  const body = find('weights', HTMLTableSectionElement);
  order.forEach((i, place) => {
    const row = body.rows[place] ?? newRow(body), { title, deviation, amount } = features[i], change = changes[i];
    const [words, number, bar] = row.cells;
    row.className = change < 0 ? 'lower' : 'higher';
    row.dataset.feature = features[i].name;
    /** @type {ChildNode} */ (words.firstChild).textContent = title;
    /** @type {ChildNode} */ (words.lastChild).textContent = amount.replace('{}', digits(deviation, 2));
    number.textContent = (change < 0 ? '' : '+') + dollars(change);
    bar.querySelector('i')?.style.setProperty('--share', String(Math.abs(change) / most));
  });
}

/** @param {HTMLTableSectionElement} body */
function newRow(body) {
  const row = body.insertRow();
  const words = document.createElement('th'), bar = document.createElement('span');
  words.scope = 'row';
  words.append('', document.createElement('small'));
  bar.className = 'signed';
  bar.append(document.createElement('i'));
  row.append(words);
  row.insertCell().className = 'number';
  row.insertCell().append(bar);
  return row;
}
