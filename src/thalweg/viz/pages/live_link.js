/**
 * @file The connection to the training. News come as server-sent events, read with `fetch`, which,
 * other than `EventSource`, can send the token as a header.
 */

const STORED = 'thalweg-live';
const LONGEST = 10_000;

/** What the address held behind its #; it leaves the address bar, and stays for when the tab is loaded again. */
function token() {
  const given = location.hash.slice(1);
  if (given) history.replaceState(null, '', location.pathname);
  try {
    if (given) sessionStorage.setItem(STORED, given);
    return given || sessionStorage.getItem(STORED) || '';
  } catch {
    // In a frame there may be no storage.
    return given;
  }
}

/**
 * @typedef {object} Told
 * @property {(news: import('./live_runs.js').News) => void} news
 * @property {(state: 'live' | 'lost' | 'refused') => void} state
 */

export class Link {
  #token = token();
  /** The id of the last event: up to where everything is known. */
  #last = '';

  /** @param {Told} told */
  constructor(told) {
    this.told = told;
    // An address was put into the tab that differs in its token alone.
    addEventListener('hashchange', () => {
      token();
      location.reload();
    });
  }

  get #headers() {
    return { Authorization: `Bearer ${this.#token}` };
  }

  /** Ask for news, for ever; where nobody answers, less and less often. */
  async run() {
    for (let pause = 0; ; ) {
      try {
        const answer = await fetch('events', { headers: { ...this.#headers, 'Last-Event-ID': this.#last }, cache: 'no-store' });
        if (answer.status === 403) {
          this.told.state('refused');
          return;
        }
        if (!answer.ok || !answer.body) throw new Error(`the server answers ${answer.status}`);
        await this.#read(answer.body);
        pause = 0;
      } catch {
        this.told.state('lost');
        pause = Math.min(LONGEST, Math.max(500, pause * 1.6));
        await again(pause);
      }
    }
  }

  /** @param {ReadableStream<Uint8Array>} body */
  async #read(body) {
    const reader = body.getReader(), decoder = new TextDecoder();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const events = (text + decoder.decode(value, { stream: true })).split('\n\n');
      text = /** @type {string} */ (events.pop());
      for (const event of events) {
        const fields = new Map(event.split('\n').map((line) => /** @type {[string, string]} */ ([line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])));
        this.#last = fields.get('id') ?? this.#last;
        this.told.state('live');
        try {
          this.told.news(JSON.parse(fields.get('data') ?? '{"runs":[]}'));
        } catch (error) {
          // A mistake in drawing is no lost connection.
          reportError(error);
        }
      }
    }
  }

  /**
   * Ask that a run ends.
   * @param {number} run its number
   * @returns {Promise<boolean>} whether the training has heard of it
   */
  async stop(run) {
    try {
      const { ok } = await fetch('stop', { method: 'POST', headers: this.#headers, body: String(run) });
      return ok;
    } catch {
      return false;
    }
  }
}

/** @param {number} milliseconds to wait; less, if somebody looks at the page again */
function again(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    document.addEventListener('visibilitychange', () => {
      clearTimeout(timer);
      resolve(undefined);
    }, { once: true });
  });
}
