/** @file The runtime of exported models: load, predict and train in pages, workers, Node and Deno. */

import { serve } from './remote.js';
import { workerOf } from './worker.js';

export { load } from './load.js';
export { fromAudio, fromImage } from './media.js';
export { Model } from './model.js';

serve(workerOf);
