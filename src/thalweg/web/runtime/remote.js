/** @file Workers: this same file again on another thread, with calls that are answered and events on the way. */

import { inNode } from './files.js';

/** The name by which a worker knows that it is one of ours. */
const WORKER = 'thalweg worker';
const IDLE = 60_000; // milliseconds

/** @typedef {(message: any) => void} Post */
/** @typedef {{post: Post, call: (task: any, event?: (message: any) => void) => Promise<any>, end: () => void, ended: () => boolean}} Remote */

/**
 * Start a worker. It ends when it has not been used for a while.
 * @returns {Promise<Remote>}
 */
export async function startRemote() {
  /** @type {{done: (result: any) => void, failed: (error: Error) => void, event: (message: any) => void} | null} */
  let call = null;
  let ended = false;
  /** @type {any} */
  let timer, /** @type {any} */ worker;
  const end = () => {
    ended = true;
    clearTimeout(timer);
    worker.terminate();
  };
  const answer = (/** @type {any} */ message) => {
    if (!call) return;
    const { done, failed, event } = call;
    if (message.event) return event(message);
    call = null;
    worker.unref?.();
    timer = setTimeout(end, IDLE);
    timer.unref?.();
    if (message.error) failed(new Error(message.error));
    else done(message.result);
  };
  const broken = (/** @type {any} */ { message }) => {
    call?.failed(new Error(`The worker failed: ${message}; load with worker: false to train on this thread.`));
    end();
  };
  if (inNode) {
    const { Worker } = await import('node:worker_threads');
    worker = new Worker(new URL(import.meta.url), { workerData: WORKER }).on('message', answer).on('error', broken);
    worker.unref();
  } else {
    let { href, origin } = new URL(import.meta.url);
    // A worker must be of the page's own origin; what it imports need not.
    if (origin !== location.origin) href = URL.createObjectURL(new Blob([`import ${JSON.stringify(href)}`], { type: 'text/javascript' }));
    worker = new Worker(href, { type: 'module', name: WORKER });
    worker.onmessage = (/** @type {MessageEvent} */ { data }) => answer(data);
    worker.onerror = broken;
  }
  const post = (/** @type {any} */ message) => worker.postMessage(message);
  return {
    post,
    end,
    ended: () => ended,
    call: (task, event = () => {}) => new Promise((done, failed) => {
      clearTimeout(timer);
      worker.ref?.();
      call = { done, failed, event };
      post(task);
    }),
  };
}

/**
 * Answer calls, if this thread is a worker of ours.
 * @param {(post: Post) => Post} handler
 */
export async function serve(handler) {
  /** @type {any} */
  const scope = globalThis;
  if (inNode) {
    const { parentPort, workerData } = await import('node:worker_threads');
    if (workerData === WORKER) parentPort.on('message', handler((message) => parentPort.postMessage(message)));
  } else if (scope.name === WORKER && scope.WorkerGlobalScope) {
    const handle = handler((message) => scope.postMessage(message));
    scope.onmessage = (/** @type {MessageEvent} */ { data }) => handle(data);
  }
}
