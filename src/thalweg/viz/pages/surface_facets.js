/** @file The facets of a surface in 3-D: where they lie in their box, and their colours. */

/** @typedef {[number, number, number]} Point in the box: x and y from -1 to 1, z from -0.5 to 0.5 */

// More facets along an axis would be smaller than a few pixels, and slow to turn.
const FACETS = 60;
/** How tall the box is drawn. */
export const TALL = 1.25;

/**
 * The points of a surface in its box and the colours of its facets, lit from the side.
 * @param {import('./surface_heights.js').Heights} heights
 */
export function facets(heights) {
  const { x, y, data } = heights;
  const thin = (/** @type {number[]} */ axis) => {
    const count = Math.min(axis.length, FACETS + 1);
    return Array.from({ length: count }, (_, i) => Math.round((i * (axis.length - 1)) / (count - 1)));
  };
  const [is, js] = [thin(x), thin(y)];
  const height = (/** @type {number} */ i, /** @type {number} */ j) => data.heights[j * x.length + i];
  /** @type {Point[]} */
  const points = [];
  for (const j of js) {
    for (const i of is) points.push([(2 * i) / (x.length - 1) - 1, (2 * j) / (y.length - 1) - 1, heights.rise(height(i, j)) - 0.5]);
  }
  const [columns, rows] = [is.length, js.length];
  /** @type {string[]} */
  const tones = [];
  const quarters = [0, 0, 0, 0];
  for (let j = 0; j < rows - 1; j++) {
    for (let i = 0; i < columns - 1; i++) {
      const k = j * columns + i;
      const [a, b, d, e] = [points[k], points[k + 1], points[k + columns], points[k + columns + 1]];
      const [dx, dy] = [(TALL * (b[2] + e[2] - a[2] - d[2])) / (b[0] - a[0]) / 2, (TALL * (d[2] + e[2] - a[2] - b[2])) / (d[1] - a[1]) / 2];
      const light = (0.5 * dx - 0.35 * dy + 0.8) / Math.hypot(dx, dy, 1);
      const share = [[i, j], [i + 1, j], [i, j + 1], [i + 1, j + 1]].reduce((sum, [p, q]) => sum + heights.share(height(is[p], js[q])), 0) / 4;
      const tone = heights.colour(share).map((v) => Math.round(v * Math.min(1, 0.8 + 0.25 * light)));
      tones.push(`rgb(${tone.join(' ')})`);
      quarters[(2 * i < columns ? 0 : 1) + (2 * j < rows ? 0 : 2)] += share;
    }
  }
  // Seen over its lowest corner nothing is hidden behind a ridge.
  const corner = quarters.indexOf(Math.min(...quarters));
  const turn = [-0.6, 0.6, -2.5, 2.5][corner];
  return { columns, rows, points, tones, turn };
}
