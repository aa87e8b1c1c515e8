/** What the integration tests do with exported models, the same in pages and in Node; each gives plain data for Python. */

const message = async (work) => {
  try {
    return `none, but ${JSON.stringify(await work())}`;
  } catch (error) {
    return error.message;
  }
};
const plain = (found) => (ArrayBuffer.isView(found) ? Array.from(found) : Object.fromEntries(Object.entries(found).map(([name, array]) => [name, Array.from(array)])));

/** @param {any} runtime @param {(name: string) => string | URL} at where a model is @param {any} data @param {any} options of load */
export async function predicts({ load }, at, { x }, options) {
  const fractions = [];
  const model = await load(at('plain'), { ...options, progress: (/** @type {number} */ fraction) => fractions.push(fraction) });
  const wasm = model.device === 'wasm';
  return {
    device: model.device,
    whole: plain(await model.predict(x)),
    batches: plain(await model.predict(new Float64Array(x.flat()), { batchSize: 3 })),
    one: plain(wasm ? model.predictSync(x[0]) : await model.predict(x[0])),
    typed: plain(wasm ? model.predictSync(Float32Array.from(x[1])) : await model.predict([x[1]])),
    named: plain(wasm ? model.predictSync({ x }) : await model.predict({ x })),
    fractions,
    described: [model.name, model.inputs, model.outputs, model.programs, model.trainable, model.training.loss],
    errors: [
      await message(() => model.predict([1, 2])),
      await message(() => model.predict(x, { batchSize: 1000 })),
      await message(() => model.getState('kernel')),
      await message(() => model.call('area', [1])),
    ],
  };
}

export async function misses({ load }, at) {
  return await message(() => load(at('nowhere')));
}

export async function trains({ load }, at, { x, y }, options) {
  const model = await load(at('plain'), options);
  const fresh = plain(await model.predict(x));
  const run = async (/** @type {any} */ more) => {
    model.reset();
    const { epoch, history } = await model.fit(x, y, { batchSize: 4, epochs: 6, ...more });
    return { epoch, history, predicted: plain(await model.predict(x)) };
  };
  const seen = [];
  const note = (/** @type {string} */ name) => (/** @type {any[]} */ ...found) => void seen.push([name, ...found]);
  const found = {
    quick: await run({}),
    split: await run({ validationSplit: 0.3 }),
    strict: await run({ onEpochBegin: note('begin'), onEpochEnd: note('end'), validationSplit: 0.3 }),
    batches: await run({ onBatchEnd: note('batch'), epochs: 1 }),
    calm: await run({ yieldEvery: 'epoch', shuffle: false }),
    eager: await run({ yieldEvery: 'batch', initialEpoch: 2 }),
    seen,
  };
  model.reset();
  const one = await model.trainOnBatch(x.slice(0, 5), y.slice(0, 5)), two = await model.trainOnBatch(x.slice(5, 9), y.slice(5, 9));
  const evaluated = await model.evaluate(x, y, { batchSize: 4 });
  model.reset();
  const same = JSON.stringify(plain(await model.predict(x))) === JSON.stringify(fresh);
  model.close();
  return { ...found, one, two, evaluated, same };
}

export async function listens({ load }, at, { x, y }, options) {
  const model = await load(at('plain'), options);
  const early = model.fit(x, y, { epochs: 1_000_000_000 });
  model.stop();
  const { epoch: few } = await early;
  const heard = [];
  for (const type of ['trainbegin', 'epochend', 'trainend']) model.addEventListener(type, (/** @type {any} */ event) => heard.push([type, event.detail?.epoch]));
  await model.fit(x, y, { epochs: 3 });
  const stopped = await model.fit(x, y, { epochs: 1000, onEpochEnd: (/** @type {number} */ epoch) => epoch === 4 && model.stop() });
  setTimeout(() => model.stop(), 30);
  const later = await model.fit(x, y, { epochs: 1_000_000_000 });
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('enough')), 30);
  const aborted = await message(() => model.fit(x, y, { epochs: 1_000_000_000, signal: controller.signal }));
  const thrown = await message(() => model.fit(x, y, { epochs: 5, onEpochEnd: () => { throw new Error('mine'); } }));
  const rates = [];
  model.reset();
  const changed = await model.fit(x, y, { epochs: 3, onEpochEnd: async () => {
    rates.push((await model.getState('learning_rate'))[0]);
    model.setState('learning_rate', 0);
  } });
  const during = model.fit(x, y, { epochs: 2 }), busy = await message(() => model.fit(x, y)), alone = plain(await model.predict(x));
  await during;
  const wrong = await message(() => model.fit(x, y.slice(1)));
  model.close();
  return {
    few: few.length, heard, stopped: stopped.epoch, later: later.epoch.length, aborted, thrown, rates, losses: changed.history.loss, busy,
    alone: alone.length, training: model.isTraining, wrong,
  };
}

export async function keeps({ load }, at, { x, y, places }, options) {
  const model = await load(at('plain'), options);
  await model.fit(x, y, { batchSize: 4, epochs: 3 });
  const bytes = await model.toSafetensors();
  const other = await load(at('plain'), options);
  other.fromSafetensors(bytes);
  const [here, there] = [await model.fit(x, y, { batchSize: 4, epochs: 2 }), await other.fit(x, y, { batchSize: 4, epochs: 2 })];
  const restored = [];
  for (const place of places) {
    const before = await message(() => model.restore(`${place}-none`));
    await model.save(place);
    other.reset();
    restored.push([before, await other.restore(place), JSON.stringify(plain(await other.predict(x))) === JSON.stringify(plain(await model.predict(x)))]);
  }
  const file = await other.restore(new Blob([bytes]));
  const weights = await model.getWeights();
  other.setWeights(weights);
  const set = JSON.stringify(plain(await other.predict(x))) === JSON.stringify(plain(await model.predict(x)));
  const wrong = [
    await message(() => model.fromSafetensors(new Uint8Array(20))),
    await message(() => model.setState('kernel', [1])),
    await message(() => model.setState('first/kernel', [1, 2])),
    await message(() => model.setWeights({ nothing: [1] })),
    await message(() => model.save('nowhere')),
  ];
  model.close();
  other.close();
  return { here: here.history, there: there.history, restored, file, set, wrong, weights: Object.keys(weights), bytes: Array.from(bytes) };
}

export async function several({ load }, at, { a, b, u, v, weights }, options) {
  const model = await load(at('several'), options);
  const { history } = await model.fit([a, b], { u, v }, { batchSize: 5, epochs: 3, sampleWeight: weights, validationData: [{ a, b }, [u, v], weights] });
  const found = { history, predicted: plain(await model.predict({ b, a })), evaluated: await model.evaluate([a, b], [u, v]) };
  model.close();
  return found;
}

export async function calls({ load }, at, { x }, options) {
  const model = await load(at('functions'), options);
  return {
    programs: model.programs,
    scaled: plain(await model.call('scaled', x)),
    both: plain(await model.call('both', x, [2])),
    counted: [plain(await model.call('count')), plain(await model.call('count'))],
    errors: [await message(() => model.call('scaled', [1, 2, 3])), await message(() => model.call('scaled')), await message(() => model.fit([1], [1]))],
  };
}

/** Many predictions and trainings; how much memory there was in between. */
export async function lasts({ load }, at, { x, y }, options, memory) {
  const model = await load(at('plain'), options), one = Float32Array.from(x[0]);
  const used = [];
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 2000; i++) model.predictSync(one);
    for (let i = 0; i < 10; i++) await model.fit(x, y, { batchSize: 4, epochs: 2, validationSplit: 0.3 });
    used.push(await memory());
  }
  model.close();
  return { used };
}
