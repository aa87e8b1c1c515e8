/** @file The page about Boston housing: what its buttons and sliders do. */

import { LineChart } from '../common/chart.js';
import { choice, digits, dollars, find, slider } from '../common/dom.js';
import { errors, loadData } from './data.js';
import { District } from './district.js';
import { Session } from './session.js';
import { effects, showEffects } from './weights.js';

/** @typedef {{mse: number, mae: number}} Errors */
/** @typedef {{title: string, train: Errors, validation: Errors, test: Errors}} Row */

const MANY = 1000;
const NOTES = {
  linear: 'The weights of the linear model: by how much the price rises or falls where a feature is one standard deviation higher. It is the same for every district.',
  network: 'In a network no single weight speaks for a feature. So each is tried: by how much would the price of the district on this page change if the feature were one standard deviation higher?',
};

async function main() {
  const data = await loadData();
  const { parts, features } = data;
  /** @type {Map<string, Session>} */
  const sessions = new Map();
  /** @type {Map<string, Row>} */
  const reached = new Map();
  /** @param {string} name */
  const sessionOf = async (name) => {
    let found = sessions.get(name);
    if (!found) {
      found = await Session.load(name, data);
      // What Python reached, measured before anything is trained here.
      reached.set(name, rowOf(`Python, ${data.epochs}`, found));
      sessions.set(name, found);
    }
    return found;
  };
  const chosen = choice('model', (name) => guard(() => change(name)));
  // The mean of what Python was given to fit, from which it kept some rows for validation.
  const known = [...parts.train.y, ...parts.validation.y];
  const mean = known.reduce((sum, price) => sum + price, 0) / known.length;
  let session = await sessionOf(chosen.value);

  for (const element of document.querySelectorAll('.python-epochs')) element.textContent = data.epochs.toLocaleString('en');
  const chart = new LineChart(find('curve', HTMLElement), {
    title: 'Mean squared error after each epoch',
    x: 'epochs',
    y: 'mean squared error, ($1,000)²',
    log: true,
    series: {
      python: { name: 'validation in Python', colour: '--soft', dashed: true },
      train: { name: 'training', colour: '--accent' },
      validation: { name: 'validation', colour: '--second' },
    },
  });
  const baseline = rowOf('The mean price', null);
  chart.setLevels([{ y: baseline.validation.mse, text: 'always the mean price' }]);
  const district = new District(data, () => showPrice());
  const speed = slider('speed', { min: 2, max: 1000, log: true, format: (value) => `${digits(value, 2)} epochs/s` });
  const train = find('train', HTMLButtonElement), many = find('many', HTMLButtonElement);

  /**
   * The errors of a model as it is now.
   * @param {string} title
   * @param {Session | null} whose null: those of the mean price
   * @returns {Row}
   */
  function rowOf(title, whose) {
    const of = (/** @type {import('./data.js').PartName} */ name) => {
      const { x, y } = parts[name];
      return errors(whose ? whose.model.predictSync(x) : new Float32Array(y.length).fill(mean), y);
    };
    return { title, train: of('train'), validation: of('validation'), test: of('test') };
  }

  function showErrors() {
    const python = /** @type {Row} */ (reached.get(session.name));
    const rows = [baseline, python, rowOf(`Now, ${session.epoch.toLocaleString('en')}`, session)];
    const body = find('errors', HTMLTableSectionElement);
    rows.forEach((row, i) => {
      const shown = body.rows[i] ?? body.insertRow();
      shown.className = i === rows.length - 1 ? 'now' : '';
      const texts = [row.title, digits(row.train.mse), digits(row.validation.mse), digits(row.test.mse), dollars(1000 * row.test.mae)];
      texts.forEach((text, j) => {
        const cell = shown.cells[j] ?? (j ? shown.insertCell() : shown.appendChild(document.createElement('th')));
        cell.textContent = text;
        if (j) cell.className = 'number';
      });
    });
  }

  function showPrice() {
    const values = district.values, price = 1000 * session.model.predictSync(values)[0];
    find('price').textContent = dollars(price);
    find('truth').textContent = district.truth === null ? 'median price of a home there, says the model' : `a real district, where it was ${dollars(1000 * district.truth)}: off by ${dollars(Math.abs(price - 1000 * district.truth))}`;
    showEffects(features, effects(session, features, values));
  }

  function show() {
    const { curve, epoch } = session;
    chart.set('train', curve.epochs, curve.loss);
    chart.set('validation', curve.epochs, curve.val_loss);
    const here = curve.epochs.length && curve.epochs[0] === 1 ? epoch - data.epochs : 0;
    find('progress').textContent = `${epoch.toLocaleString('en')} epochs${here > 0 ? `: ${data.epochs} in Python, ${here.toLocaleString('en')} here` : ''}`;
    showErrors();
    showPrice();
  }

  /** What belongs to the model and not to its state. */
  function showModel() {
    const { history } = data.models[session.name];
    chart.set('python', history.val_loss.map((_, i) => i + 1), history.val_loss);
    chart.setMarks([{ x: data.epochs, text: 'Python stopped here' }]);
    find('weights-note').textContent = session.name === 'linear' ? NOTES.linear : NOTES.network;
    find('keras', HTMLAnchorElement).href = `${session.name}/model.keras`;
    find('snippet').textContent = `import thalweg as tw\n\nmodel = tw.models.load_model("model.keras")\nmodel.load_weights("boston-${session.name}.safetensors")`;
    find('device').textContent = session.model.choice.why;
    showKept('');
    show();
  }

  /** @param {string} text */
  function showKept(text) {
    const { kept } = session;
    find('restore', HTMLButtonElement).disabled = !kept;
    const note = find('kept', HTMLElement);
    note.textContent = text || (kept ? `Saved in this browser: after ${kept.toLocaleString('en')} epochs.` : '');
    note.hidden = !note.textContent;
  }

  /** @type {Promise<void>} what is being done, and waits to be done */
  let queue = Promise.resolve();

  /**
   * Do something when what goes on is done, and training has been stopped; what goes wrong is told on the page.
   * @param {() => unknown} work
   */
  function guard(work) {
    const problem = find('problem', HTMLElement);
    session.stop();
    queue = queue.then(async () => {
      problem.hidden = true;
      try {
        await work();
      } catch (error) {
        problem.textContent = error instanceof Error ? error.message : String(error);
        problem.hidden = false;
      }
    });
    return queue;
  }

  /** @param {string} id @param {() => unknown} work */
  const on = (id, work) => find(id).addEventListener('click', () => guard(work));

  /** @param {string} name */
  async function change(name) {
    session = await sessionOf(name);
    showModel();
  }

  async function trainOn() {
    train.textContent = 'Pause';
    many.disabled = true;
    try {
      await session.train(() => speed.value, show);
    } finally {
      train.textContent = 'Train';
      many.disabled = false;
      show();
    }
  }

  train.addEventListener('click', () => (session.training ? session.stop() : guard(trainOn)));
  on('many', async () => {
    many.disabled = train.disabled = true;
    try {
      const seconds = await session.trainAtOnce(MANY);
      show();
      find('progress').textContent += `; the last ${MANY.toLocaleString('en')} took ${digits(seconds, 2)} s`;
    } finally {
      many.disabled = train.disabled = false;
    }
  });
  on('python', () => {
    session.toPython();
    show();
  });
  on('untrained', async () => {
    await session.toUntrained();
    show();
  });
  on('save', async () => {
    await session.save();
    showKept('');
  });
  on('restore', async () => {
    await session.restore();
    show();
  });
  on('download', () => session.model.save(`download://boston-${session.name}.safetensors`));
  const open = find('open', HTMLInputElement);
  open.addEventListener('change', () => guard(async () => {
    const file = open.files?.[0];
    if (!file) return;
    await session.open(file);
    show();
    showKept(`Opened ${file.name}.`);
    open.value = '';
  }));
  find('average').addEventListener('click', () => {
    district.average();
    showPrice();
  });
  find('real').addEventListener('click', () => {
    district.real();
    showPrice();
  });

  speed.value = 60;
  await change(session.name);
  for (const element of document.querySelectorAll('button:disabled, input:disabled')) {
    if (element.id !== 'restore') /** @type {HTMLButtonElement} */ (element).disabled = false;
  }
}

main().catch((error) => {
  const problem = find('problem', HTMLElement);
  problem.textContent = `This page could not start: ${error.message}`;
  problem.hidden = false;
  throw error;
});
