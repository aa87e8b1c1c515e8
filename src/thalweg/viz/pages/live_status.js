/** @file The upper card of the live view: how the training goes, and the button that ends it. */

import { find } from './dom.js';
import { epochNow, figures, line } from './live_words.js';

/**
 * @typedef {import('./live_runs.js').Run} Run
 * @typedef {'saved' | 'waiting' | 'live' | 'lost' | 'refused'} Connection
 */

const LOST = 'The connection to the training is lost: the process has ended, or it is busy. What came so far stays here; the page goes on when it answers again.';
const REFUSED = 'This page has no valid token: open the address that Python printed. An address is good for one LiveView.';
const SILENT = 'The training has not answered for some seconds.';

/** Seconds after which a training that says nothing is called silent, if it said more often that it would speak. */
const PATIENCE = 5;

/** @param {Element} element @param {string} text its text from now on; a browser lays out anew even what stays the same */
function change(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export class StatusCard {
  /** @param {(run: number) => Promise<boolean>} stop */
  constructor(stop) {
    this.title = find('name');
    this.state = find('state');
    this.progress = find('progress', HTMLProgressElement);
    this.line = find('line');
    this.figures = find('figures');
    this.message = find('message');
    this.buttons = find('stopping');
    this.button = find('stop', HTMLButtonElement);
    this.sure = find('sure');
    /** @type {Run | undefined} */
    this.run = undefined;
    /** The number of the run that was asked to end. */
    this.stopped = -1;
    /** The numbers that the card has places for. */
    this.names = '';
    /** @type {Connection} */
    this.connection = 'waiting';
    this.#ask(stop);
  }

  /** @param {(run: number) => Promise<boolean>} stop */
  #ask(stop) {
    const asks = (/** @type {boolean} */ yes) => {
      this.sure.hidden = !yes;
      this.button.hidden = yes;
      (yes ? find('yes') : this.button).focus();
    };
    this.button.addEventListener('click', () => asks(true));
    find('no').addEventListener('click', () => asks(false));
    this.sure.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') asks(false);
    });
    find('yes').addEventListener('click', async () => {
      if (!this.run) return;
      asks(false);
      this.stopped = this.run.number;
      this.#show();
      if (await stop(this.run.number)) return;
      this.stopped = -1;
      this.#show();
      this.#say('The training could not be reached.');
    });
  }

  /** @param {Connection} connection */
  connected(connection) {
    this.connection = connection;
    clearTimeout(this.silent);
    this.#show();
  }

  /**
   * @param {Run | undefined} run
   * @param {number} [every] seconds until there should be more
   */
  show(run, every) {
    if (run && run.number !== this.run?.number) this.sure.hidden = true;
    this.run = run;
    this.#show();
    clearTimeout(this.silent);
    if (every === undefined || run?.state !== 'running') return;
    this.silent = setTimeout(() => this.#say(SILENT), 1000 * Math.max(PATIENCE, 3 * every));
  }

  #show() {
    const { run, connection } = this;
    const running = run?.state === 'running', reached = connection === 'live';
    const [state, word] = this.#state();
    change(this.state, word);
    this.state.dataset.state = state;
    this.buttons.hidden = !running || !reached;
    // The end of the process after the end of the training is no news.
    if (connection === 'refused') this.#say(REFUSED);
    else if (running && connection === 'lost') this.#say(LOST);
    else if (run?.state === 'failed') this.#say(run.note);
    else this.#say('');
    if (!run) return;
    change(this.title, run.name);
    this.progress.value = Math.min(1, (run.done - run.first) / Math.max(1, run.epochs - run.first));
    change(this.line, line(run));
    document.title = running ? `${epochNow(run)}/${run.epochs} · ${run.name}` : `${word} · ${run.name}`;
    this.button.disabled = run.stopping || this.stopped === run.number;
    change(this.button, this.button.disabled ? 'Stopping…' : 'Stop training');
    this.button.hidden = !this.sure.hidden;
    this.#number(run);
  }

  /** @param {Run} run */
  #number(run) {
    const rows = figures(run);
    const names = rows.map(([name]) => name).join();
    if (names !== this.names) {
      this.names = names;
      this.figures.replaceChildren(...rows.map(([name]) => {
        const [row, term, number] = ['div', 'dt', 'dd'].map((tag) => document.createElement(tag));
        term.textContent = name;
        row.append(term, number);
        return row;
      }));
    }
    this.figures.querySelectorAll('dd').forEach((number, i) => change(number, rows[i][1]));
  }

  /** @returns {[string, string]} for the look, for people */
  #state() {
    const { run, connection } = this;
    if (run && run.state === 'ended') return ['ended', 'Training ended'];
    if (run && run.state === 'failed') return ['failed', 'Training failed'];
    if (connection === 'refused') return ['lost', 'No access'];
    if (connection === 'lost') return ['lost', 'Connection lost'];
    if (!run) return ['waiting', connection === 'live' ? 'Waiting for fit' : 'Connecting…'];
    if (connection === 'saved') return ['ended', 'Saved while running'];
    return ['running', run.stopping ? 'Stopping' : 'Training'];
  }

  /** @param {string} text */
  #say(text) {
    change(this.message, text);
    this.message.classList.toggle('warning', !!text);
    this.message.hidden = !text;
  }
}
