/** @file The box around a surface in 3-D: its ground, its axes, their numbers and names. */

import { labels, scale, ticks } from './axes.js';
import { colour, font } from './canvas.js';
import { brief, plain } from './surface_heights.js';

/** @typedef {import('./surface_heights.js').Heights} Heights */
/** @typedef {import('./surface_facets.js').Point} Point */

/**
 * The ground with its numbers, and the vertical axis at the far left corner.
 * @param {CanvasRenderingContext2D} context
 * @param {Heights} heights
 * @param {(point: Point) => [number, number, number]} project
 * @param {number} width
 * @param {number} height
 */
export function drawBox(context, heights, project, width, height) {
  const { data, x, y } = heights;
  const floor = -0.62;
  const corners = /** @type {Point[]} */ ([[-1, -1, floor], [1, -1, floor], [1, 1, floor], [-1, 1, floor]]);
  const places = corners.map(project);
  context.strokeStyle = colour('--rule');
  context.lineWidth = 1;
  context.beginPath();
  for (const [across, down] of places) context.lineTo(across, down);
  context.closePath();
  context.stroke();
  context.font = font(12);
  // The sides of the ground that are nearer to the eye carry the numbers.
  const side = (/** @type {Point} */ a, /** @type {Point} */ b) => (project(a)[2] > project(b)[2] ? a : b);
  const front = side([0, -1, floor], [0, 1, floor])[1], right = side([-1, 0, floor], [1, 0, floor])[0];
  const middle = project([0, 0, floor]);
  const write = (/** @type {string} */ text, /** @type {Point} */ at, /** @type {number} */ away, /** @type {string} */ tone) => {
    const [across, down] = project(at);
    const [dx, dy] = [across - middle[0], down - middle[1]], length = Math.hypot(dx, dy) || 1;
    context.fillStyle = colour(tone);
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    const long = context.measureText(text).width;
    const from = across + (dx / length) * away - (Math.abs(dx) < 0.35 * length ? long / 2 : dx > 0 ? 0 : long);
    const inside = Math.min(width - 2 - long, Math.max(2, from));
    context.fillText(text, inside, Math.min(height - 8, down + Math.max(0, dy / length) * away + 2));
  };
  const numbers = (/** @type {number[]} */ axis) => {
    const along = scale(axis[0], axis[axis.length - 1], -1, 1);
    const values = ticks(along, width < 400 ? 3 : 4), texts = labels(values);
    return values.map((value, i) => ({ at: along.at(value), text: texts[i] }));
  };
  for (const { at, text } of numbers(x)) write(text, [at, front, floor], 12, '--soft');
  for (const { at, text } of numbers(y)) write(text, [right, at, floor], 12, '--soft');
  const beyond = width < 400 ? 42 : 22;
  write(brief(data.names[0]), [0, front * 1.18, floor], beyond, '--ink');
  write(brief(data.names[1]), [right * 1.18, 0, floor], beyond, '--ink');
  // The vertical axis stands where the ground is widest to the left.
  const [post] = [...corners].sort((a, b) => project(a)[0] - project(b)[0]);
  const foot = project(post), top = project([post[0], post[1], 0.5]);
  context.beginPath();
  context.moveTo(foot[0], foot[1]);
  context.lineTo(top[0], top[1]);
  context.stroke();
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  let above = Infinity;
  for (const tick of data.ticks) {
    const [across, down] = project([post[0], post[1], heights.rise(tick) - 0.5]);
    if (above - down < 15) continue;
    above = down;
    context.fillStyle = colour('--soft');
    context.fillText(plain(tick), across - 8, down);
  }
  context.textAlign = 'left';
  context.textBaseline = 'bottom';
  context.fillStyle = colour('--ink');
  context.fillText(data.label, Math.max(0, top[0] - context.measureText(data.label).width / 2), top[1] - 8);
}
