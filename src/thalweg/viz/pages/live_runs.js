/** @file The runs as the page knows them: news are added, curves are taken out. */

/**
 * What the server sends: rows as columns. JSON has no NaN and no infinities, so they are words.
 * @typedef {object} Columns
 * @property {(number | null)[]} epoch
 * @property {number[]} step
 * @property {number[]} seconds
 * @property {number[]} busy seconds without pauses, such as validations
 * @property {(number | null)[]} rate
 * @property {Record<string, (number | string | null)[]>} logs
 *
 * @typedef {object} Rows
 * @property {(number | null)[]} epoch
 * @property {number[]} step
 * @property {number[]} seconds
 * @property {number[]} busy seconds without pauses, such as validations
 * @property {(number | null)[]} rate
 * @property {Map<string, (number | null)[]>} logs
 *
 * @typedef {object} Layer
 * @property {string} name
 * @property {number | null} weight_gradient
 * @property {number | null} size
 * @property {number | null} zeros
 * @property {number} units
 * @property {number} dead
 * @property {string | null} activation
 * @property {number | null} ratio
 *
 * @typedef {object} Weight
 * @property {string} path
 * @property {number[]} shape
 * @property {number | null} mean
 * @property {number | null} std
 * @property {number | null} minimum
 * @property {number | null} maximum
 * @property {number[]} counts
 *
 * @typedef {object} Measured
 * @property {number | null} epoch
 * @property {number} step
 * @property {number} seconds
 * @property {number} samples
 * @property {Layer[]} layers
 * @property {Weight[]} weights
 * @property {{sentence: string, good: boolean}[]} findings
 *
 * @typedef {object} Status
 * @property {number} number
 * @property {string} name
 * @property {number} first
 * @property {number} epochs
 * @property {number | null} steps
 * @property {number | null} samples
 * @property {'running' | 'ended' | 'failed'} state
 * @property {boolean} stopping
 * @property {string} note
 * @property {string} unmeasured
 * @property {number} done
 * @property {number} step
 * @property {number} seconds
 * @property {number | null} speed
 * @property {number | null} left
 *
 * @typedef {Status & {points: Rows, ended: Rows, measured: Measured[]}} Run
 * @typedef {{runs: (Status & {points: Columns, ended: Columns, measured: Measured[]})[], every?: number}} News `every`: seconds until the next ones
 *
 * @typedef {{epoch: (number | null)[], step: number[], seconds: number[]}} Moments
 * @typedef {'epochs' | 'steps' | 'minutes'} Axis
 * @typedef {{x: number[], y: number[], breaks: number[]}} Curve
 */

/** The names of the axes, as the cursor says them. */
export const AXES = { epochs: 'epoch', steps: 'step', minutes: 'minute' };

/** @returns {Rows} */
const noRows = () => ({ epoch: [], step: [], seconds: [], busy: [], rate: [], logs: new Map() });

export class Runs {
  /** @type {Run[]} */
  all = [];

  /** The last one. */
  get now() {
    return this.all.at(-1);
  }

  /** The last measurement of weights and gradients. */
  get measured() {
    return this.all.findLast((run) => run.measured.length)?.measured.at(-1);
  }

  /** @param {News} news */
  take({ runs }) {
    for (const { points, ended, measured, ...status } of runs) {
      const before = this.all[status.number];
      const run = { ...(before ?? { points: noRows(), ended: noRows(), measured: [] }), ...status };
      this.all[status.number] = run;
      add(run.points, points);
      add(run.ended, ended);
      run.measured.push(...measured);
    }
  }

  /** The metrics, the loss first; those of the validation belong to their namesakes. */
  get metrics() {
    const names = new Set(this.all.flatMap(({ points, ended }) => [...points.logs.keys(), ...ended.logs.keys()]));
    return [...new Set([...names].map((name) => name.replace(/^val_/, '')))].sort((a, b) => Number(b === 'loss') - Number(a === 'loss'));
  }

  /** Whether all epochs have a place on the axis of epochs. */
  get knowsEpochs() {
    return this.all.every((run) => run.steps !== null);
  }

  /**
   * Where each run begins on an axis: where the one before has ended.
   * @param {Axis} axis
   */
  begins(axis) {
    let end = axis === 'epochs' ? (this.all[0]?.first ?? 0) : 0;
    return this.all.map((run) => {
      const begin = end;
      end += { epochs: run.done - run.first, steps: run.step, minutes: run.seconds / 60 }[axis];
      return begin;
    });
  }

  /** @param {Axis} axis the lines between runs */
  marks(axis) {
    return this.begins(axis).map((x, i) => ({ x, text: `fit ${i + 1}` })).filter((_, i) => i && this.all[i].step);
  }

  /**
   * The points of all runs whose x and y are known.
   * @param {Axis} axis
   * @param {(run: Run) => {rows: Moments, values: (number | null)[]}} points
   * @returns {Curve}
   */
  #joined(axis, points) {
    /** @type {Curve} */
    const curve = { x: [], y: [], breaks: [] };
    const begins = this.begins(axis);
    this.all.forEach((run, number) => {
      const { rows, values } = points(run);
      const places = { epochs: rows.epoch, steps: rows.step, minutes: rows.seconds }[axis];
      const unit = axis === 'minutes' ? 60 : 1, begin = begins[number] - (axis === 'epochs' ? run.first : 0);
      curve.breaks.push(curve.x.length);
      for (let i = 0; i < values.length; i++) {
        const place = places[i], value = values[i];
        if (place === null || value === null) continue;
        curve.x.push(begin + place / unit);
        curve.y.push(value);
      }
    });
    return curve;
  }

  /**
   * @param {Axis} axis
   * @param {'points' | 'ended'} which within epochs, or of whole epochs
   * @param {string} name
   */
  curve(axis, which, name) {
    return this.#joined(axis, (run) => ({ rows: run[which], values: run[which].logs.get(name) ?? [] }));
  }

  /** @param {Axis} axis the learning rate */
  rates(axis) {
    return this.#joined(axis, (run) => {
      const rows = finest(run);
      return { rows, values: rows.rate };
    });
  }

  /** @param {Axis} axis samples a second, or steps where the number of samples is unknown */
  speeds(axis) {
    return this.#joined(axis, (run) => {
      const rows = finest(run);
      return { rows, values: speeds(rows).map((speed) => (speed === null ? null : speed * (run.samples ?? 1))) };
    });
  }

  /**
   * @param {Axis} axis
   * @param {(measured: Measured) => number | null} value
   */
  measurements(axis, value) {
    return this.#joined(axis, ({ measured }) => ({
      rows: {
        epoch: measured.map(({ epoch }) => epoch),
        step: measured.map(({ step }) => step),
        seconds: measured.map(({ seconds }) => seconds),
      },
      values: measured.map(value),
    }));
  }
}

/** @param {Run} run where there are rows within epochs, these */
export function finest({ points, ended }) {
  return points.step.length ? points : ended;
}

/**
 * @param {Rows} rows
 * @param {Columns} more
 */
function add(rows, more) {
  const [before, added] = [rows.step.length, more.step.length];
  for (const key of /** @type {const} */ (['epoch', 'step', 'seconds', 'busy', 'rate'])) extend(rows[key], more[key]);
  for (const name of new Set([...rows.logs.keys(), ...Object.keys(more.logs)])) {
    const column = rows.logs.get(name) ?? Array(before).fill(null);
    const values = more.logs[name] ?? Array(added).fill(null);
    extend(column, values.map((value) => (value === null ? null : Number(value))));
    rows.logs.set(name, column);
  }
}

/**
 * @template T
 * @param {T[]} list
 * @param {T[]} more too many, maybe, to be arguments
 */
function extend(list, more) {
  for (const value of more) list.push(value);
}

// Seconds, and parts of the whole: a speed is told over a time that is long enough to tell.
const SHORTEST = 0.1;
const MOST = 400;

/**
 * Steps a second, null where not enough time went by.
 * @param {Rows} rows
 */
function speeds({ step, busy }) {
  const shortest = Math.max(SHORTEST, (busy.at(-1) ?? 0) / MOST);
  let begin = 0;
  return step.map((steps, i) => {
    if (!i || busy[i] - busy[begin] < shortest) return null;
    const speed = (steps - step[begin]) / (busy[i] - busy[begin]);
    begin = i;
    return speed;
  });
}
