// A server that answers predictions over HTTP, with nothing but Node and an exported folder:
//
//   node examples/web/node_server.mjs FOLDER [PORT]
//
//   GET  /          what the model is called, takes and gives, as JSON
//   POST /predict   {"x": samples}, answered with {"outputs": {name: rows}}; of a model with several
//                   inputs the samples are {name: samples}. What is wrong with them is said in a
//                   sentence, {"error": …} with status 400.

import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, port = '8080'] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node node_server.mjs FOLDER [PORT]');
  process.exit(2);
}
const MOST_BYTES = 16 * 2 ** 20;

const { load } = await import(pathToFileURL(resolve(folder, 'thalweg.js')).href);
const model = await load(folder);

/** An error that is the client's, with its status. */
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** @param {import('node:http').IncomingMessage} request */
async function bodyOf(request) {
  const parts = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > MOST_BYTES) throw new Refusal(413, `The body may have ${MOST_BYTES} bytes at most.`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString());
  } catch (error) {
    throw new Refusal(400, `The body must be JSON: ${error.message}.`);
  }
}

/** A flat array as rows, each nested as the output's shape says. */
function nested(values, shape) {
  const [length, ...inner] = shape;
  if (length === undefined) return values[0];
  const size = values.length / length;
  return Array.from({ length }, (_, i) => nested(values.subarray(i * size, (i + 1) * size), inner));
}

async function predict(body) {
  if (body?.x === undefined) throw new Refusal(400, 'The body must be {"x": samples}.');
  let found;
  try {
    found = await model.predict(body.x);
  } catch (error) {
    throw new Refusal(400, error.message);
  }
  const several = model.outputs.length > 1;
  const outputs = model.outputs.map(({ name, shape }) => {
    const values = several ? found[name] : found;
    const rows = values.length / shape.reduce((all, n) => all * n, 1);
    return [name, nested(values, [rows, ...shape])];
  });
  return { outputs: Object.fromEntries(outputs) };
}

const { name, inputs, outputs } = model;
const routes = {
  'GET /': () => ({ name, inputs, outputs }),
  'POST /predict': async (request) => predict(await bodyOf(request)),
};

const server = createServer(async (request, response) => {
  const answer = (status, content) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(content));
  };
  try {
    const asked = `${request.method} ${new URL(request.url, 'http://localhost').pathname}`;
    if (!routes[asked]) throw new Refusal(404, `There is no ${asked}; there are ${Object.keys(routes).join(' and ')}.`);
    answer(200, await routes[asked](request));
  } catch (error) {
    if (!(error instanceof Refusal)) console.error(error);
    answer(error.status ?? 500, { error: error.status ? error.message : 'The prediction failed.' });
  }
});

server.listen(Number(port), '127.0.0.1', () => {
  console.log(`${model.name} answers on http://127.0.0.1:${server.address().port}/`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.close(() => process.exit(0)));
