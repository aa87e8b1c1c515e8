/** @file Workers: this same file again on another thread, with calls that are answered and events on the way. */

import { inNode } from './files.js';

/** The name by which a worker knows that it is one of ours. */
const WORKER = 'thalweg worker';
const IDLE = 60_000; // milliseconds

/** @typedef {(message: any) => void} Post */
/** @typedef {Awaited<ReturnType<typeof startRemote>>} Remote */

/** Start a worker. It ends when it has not been used for a while. */
export async function startRemote() {
  /** @type {{done?: (result: any) => void, failed?: (error: Error) => void, event?: (message: any) => void}} */
  let call = {};
  /** @type {any} */
  let timer, /** @type {any} */ worker;
  const end = (why = 'it was ended') => {
    remote.ended = true;
    clearTimeout(timer);
    worker.terminate();
    call.failed?.(Error(`The worker failed: ${why}.`));
  };
  const answer = (/** @type {any} */ message) => {
    const { done, failed, event } = call;
    if (message.events) return event?.(message);
    call = {};
    worker.unref?.();
    timer = setTimeout(end, IDLE);
    timer.unref?.();
    if (message.error) failed?.(Error(message.error));
    else done?.(message.result);
  };
  const broken = (/** @type {any} */ { message }) => end(message);
  const url = new URL(import.meta.url);
  if (inNode) {
    const { Worker } = await import('node:worker_threads');
    worker = new Worker(url, { workerData: WORKER }).on('message', answer).on('error', broken);
  } else {
    worker = new Worker(url, { type: 'module', name: WORKER });
    worker.onmessage = (/** @type {MessageEvent} */ { data }) => answer(data);
    worker.onerror = broken;
  }
  const post = (/** @type {any} */ message) => worker.postMessage(message);
  const remote = {
    post,
    end,
    ended: false,
    /** @param {any} task @param {(message: any) => void} [event] @returns {Promise<any>} */
    call: (task, event) => new Promise((done, failed) => {
      clearTimeout(timer);
      worker.ref?.();
      call = { done, failed, event };
      post(task);
    }),
  };
  return remote;
}

/**
 * Answer calls, if this thread is a worker of ours.
 * @param {(post: Post) => Post} handler
 */
export async function serve(handler) {
  if (inNode) {
    const { parentPort, workerData } = await import('node:worker_threads');
    if (workerData === WORKER) parentPort.on('message', handler((message) => parentPort.postMessage(message)));
  } else if (self.name === WORKER) {
    const handle = handler(postMessage);
    onmessage = ({ data }) => handle(data);
  }
}
