/** @file The heights of a surface: values between the points of its grid, and colours for them. */

import { digits } from './dom.js';

/**
 * @typedef {{name: string, colour: string, steps: number[], unit: string, x: number[], y: number[], heights: number[], losses: number[]}} Path
 *
 * @typedef {object} Data what the page is given
 * @property {string[]} names of both axes
 * @property {string} label of the heights, with their unit
 * @property {string} metric what the heights are
 * @property {number[][]} axes
 * @property {number[]} heights rows along the first axis, one after the other
 * @property {'linear' | 'root' | 'log'} spacing of the colours
 * @property {number} low
 * @property {number} high
 * @property {number} bands how many colours are told apart from above
 * @property {number[]} ticks
 * @property {string[]} colours from low to high, `#rrggbb`
 * @property {boolean} exact whether the axes are numbers themselves
 * @property {{word: string, place: number[], height: number} | null} best the lowest point, or the highest where that is better; none of what is flat
 * @property {{place: number[], height: number} | null} present
 * @property {Path[]} paths
 */

export class Heights {
  /** @param {Data} data */
  constructor(data) {
    this.data = data;
    this.x = data.axes[0];
    this.y = data.axes[1];
    this.stops = data.colours.map((text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16)));
  }

  /**
   * Where a height is among the colours, from 0 to 1.
   * @param {number} height
   */
  share(height) {
    const { low, high, spacing } = this.data;
    const clipped = Math.min(high, Math.max(low, height));
    if (spacing === 'log') return Math.log(clipped / low) / Math.log(high / low);
    const share = (clipped - low) / (high - low);
    return spacing === 'root' ? Math.sqrt(share) : share;
  }

  /**
   * Where a height is on the vertical axis, from 0 to 1.
   * @param {number} height
   */
  rise(height) {
    const { low, high, spacing } = this.data;
    return spacing === 'log' ? this.share(height) : (height - low) / (high - low);
  }

  /**
   * The red, green and blue of a share, from 0 to 255.
   * @param {number} share from 0 to 1
   */
  colour(share) {
    const place = Math.min(1, Math.max(0, share)) * (this.stops.length - 1);
    const i = Math.min(this.stops.length - 2, Math.floor(place)), t = place - i;
    return this.stops[i].map((low, k) => low + t * (this.stops[i + 1][k] - low));
  }

  /**
   * The height at a place within the grid, between its points.
   * @param {number} x
   * @param {number} y
   */
  at(x, y) {
    const { heights } = this.data;
    const [i, s] = cell(this.x, x), [j, t] = cell(this.y, y);
    const k = j * this.x.length + i, up = k + this.x.length;
    return (heights[k] * (1 - s) + heights[k + 1] * s) * (1 - t) + (heights[up] * (1 - s) + heights[up + 1] * s) * t;
  }
}

/**
 * A round number without zeros at its end.
 * @param {number} value
 */
export function plain(value) {
  return digits(value).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
}

/** @param {string} name of an axis; without what stands in brackets */
export function brief(name) {
  return name.split(' (')[0];
}

/**
 * @param {number[]} axis evenly spaced
 * @param {number} value
 * @returns {[number, number]} the number of the cell, and the share of the way through it
 */
function cell(axis, value) {
  const last = axis.length - 1;
  const place = ((value - axis[0]) / (axis[last] - axis[0])) * last;
  const i = Math.min(last - 1, Math.max(0, Math.floor(place)));
  return [i, Math.min(1, Math.max(0, place - i))];
}
