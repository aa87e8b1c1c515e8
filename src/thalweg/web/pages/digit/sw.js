/** @file The service worker of the digit page: with it the page, the network and what it learned are there offline. */

/** @type {any} */
const worker = self;
const CACHE = 'thalweg-digit';
const PAGE = ['./', 'digit.css', 'digit.js', 'lesson.js', 'pad.js', 'store.js', 'strokes.js', 'examples.bin', 'model/thalweg.js', 'model/program.json'];
const COMMON = ['style.css', 'controls.css', 'theme.js', 'dom.js', 'icon.svg'].map((name) => `../common/${name}`);

worker.addEventListener('install', (/** @type {any} */ event) => {
  event.waitUntil(keepAll().then(() => worker.skipWaiting()));
});

worker.addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));

// The network first, so that a new version is seen at once; what was seen last without one.
worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event;
  if (request.method === 'GET' && new URL(request.url).origin === location.origin) event.respondWith(answer(request));
});

async function keepAll() {
  const cache = await caches.open(CACHE);
  await cache.addAll([...PAGE, ...COMMON].map((name) => new Request(name, { cache: 'no-cache' })));
  const manifest = await cache.match('model/program.json');
  const { bytes } = await /** @type {Response} */ (manifest).json();
  const code = 'shaders.json' in bytes ? ['webgpu.js'] : [];
  await cache.addAll([...code, ...Object.keys(bytes)].map((name) => `model/${name}`));
}

/** @param {Request} request */
async function answer(request) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}
