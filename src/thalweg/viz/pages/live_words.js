/** @file What the live view says: durations, counts, the line about the state of a training. */

import { digits, fixed } from './dom.js';
import { finest } from './live_runs.js';

/**
 * @typedef {import('./live_runs.js').Run} Run
 */

/**
 * 4.2 s, 42 s as 0:42, an hour and two minutes as 1:02:00.
 * @param {number} seconds
 */
export function duration(seconds) {
  if (seconds < 10) return `${fixed(seconds, 1)} s`;
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** @param {number} value in whole numbers where it is large, else with two digits that count */
export function count(value) {
  return value >= 100 ? Math.round(value).toLocaleString('en') : digits(value, 2);
}

/** @param {Run} run the epoch that is being done, counted from 1 */
export function epochNow(run) {
  return Math.min(run.epochs, Math.floor(run.done + 1e-9) + 1);
}

/**
 * Where a training is: "epoch 3 of 10, 12,300 samples a second, 0:42 left".
 * @param {Run} run
 */
export function line(run) {
  if (run.state !== 'running') return run.state === 'ended' ? `${run.note} It took ${duration(run.seconds)}.` : '';
  const parts = [`epoch ${epochNow(run).toLocaleString('en')} of ${run.epochs.toLocaleString('en')}`];
  if (run.speed !== null) {
    parts.push(run.samples === null ? `${count(run.speed)} steps a second` : `${count(run.speed * run.samples)} samples a second`);
  }
  if (run.left !== null) parts.push(`${duration(run.left)} left`);
  return parts.join(', ');
}

/** @param {Run} run the main numbers, by name */
export function figures(run) {
  /** @type {[string, string][]} */
  const found = [['steps', run.step.toLocaleString('en')]];
  if (run.speed !== null) {
    found.push(['steps a second', count(run.speed)]);
    if (run.samples !== null) found.push(['samples a second', count(run.speed * run.samples)]);
  }
  const rate = finest(run).rate.findLast((value) => value !== null) ?? null;
  if (rate !== null) found.push(['learning rate', digits(rate)]);
  found.push(['elapsed', duration(run.seconds)]);
  if (run.left !== null) found.push(['left', duration(run.left)]);
  return found;
}
