/** @file What the map of the loss needs: the loss of any line, and the best of all lines. */

/** @typedef {{x: number[], y: number[]}} Files megabytes and seconds */
/** @typedef {'mae' | 'mse'} LossName */

/**
 * The mean error of a line, absolute or squared.
 * @param {LossName} name
 * @param {Files} files
 * @param {number} kernel
 * @param {number} bias
 */
export function lossOf(name, { x, y }, kernel, bias) {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const error = kernel * x[i] + bias - y[i];
    sum += name === 'mae' ? Math.abs(error) : error * error;
  }
  return sum / x.length;
}

/**
 * The line with the least loss.
 * @param {LossName} name
 * @param {Files} files
 * @returns {{kernel: number, bias: number, loss: number}}
 */
export function bestLine(name, files) {
  const { x, y } = files;
  const line = (/** @type {number} */ kernel, /** @type {number} */ bias) => ({ kernel, bias, loss: lossOf(name, files, kernel, bias) });
  if (name === 'mse') {
    const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const [mx, my] = [mean(x), mean(y)];
    const kernel = mean(x.map((v, i) => (v - mx) * (y[i] - my))) / mean(x.map((v) => (v - mx) ** 2));
    return line(kernel, my - kernel * mx);
  }
  // A line with the least absolute error goes through two of the points.
  let best = line(0, 0);
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      if (x[i] === x[j]) continue;
      const kernel = (y[i] - y[j]) / (x[i] - x[j]);
      const found = line(kernel, y[i] - kernel * x[i]);
      if (found.loss < best.loss) best = found;
    }
  }
  return best;
}
