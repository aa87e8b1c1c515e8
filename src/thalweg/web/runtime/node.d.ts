/** What the runtime uses of Node, whose types it does not need. */
declare module 'node:fs/promises';
declare module 'node:worker_threads';
