// A page on another origin keeps tasks: what it writes is there, what it may read it reads.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { API, create, fill, open, PAGE, sees, signedIn } from './support/world.mjs';

const titles = async (person) => (await person.tasks()).map(({ title }) => title);

test('a created task is shown and kept', async (t) => {
  const { page, person } = await signedIn(t);
  await create(page, 'Water the ferns');
  assert.equal(await page.$eval('#tasks h3', (it) => it.textContent), 'Water the ferns');
  assert.deepEqual(await titles(person), ['Water the ferns']);
});

test('an edit passes its preflight with If-Match, twice in a row', async (t) => {
  const { page, person, complaints } = await signedIn(t);
  await create(page, 'Water the ferns');
  const calls = [];
  const network = await page.createCDPSession();
  await network.send('Network.enable');
  network.on('Network.requestWillBeSent', ({ request, requestId }) => calls.push({ requestId, ...request }));
  network.on('Network.responseReceived', ({ requestId, response }) => {
    Object.assign(calls.find((it) => it.requestId === requestId) ?? {}, { status: response.status });
  });
  for (const title of ['Water the mosses', 'Water the lichens']) {
    await fill(page, '.edit', { title });
    await page.waitForFunction((wanted) => document.querySelector('#tasks h3').textContent === wanted, {}, title);
  }
  const puts = calls.filter(({ method }) => method === 'PUT');
  assert.deepEqual(puts.map(({ headers }) => headers['If-Match']), ['"1"', '"2"']);
  const preflights = calls.filter(({ method }) => method === 'OPTIONS');
  assert.equal(preflights[0].headers['Access-Control-Request-Headers'], 'content-type,if-match');
  for (const { headers, status } of preflights) {
    assert.deepEqual([headers['Access-Control-Request-Method'], status], ['PUT', 204]);
  }
  assert.deepEqual(await titles(person), ['Water the lichens']);
  assert.equal(complaints.length, 1, `beside the first question, who is signed in: ${complaints}`);
});

test('an edit of what changed elsewhere is refused, and says so', async (t) => {
  const { page, context, person } = await signedIn(t);
  await create(page, 'Water the ferns');
  const { page: other } = await open(context, PAGE);
  await fill(other, '.edit', { title: 'Water the mosses' });
  await sees(other, 'Saved.');
  await fill(page, '.edit', { title: 'Water the lichens' });
  await sees(page, 'It was changed elsewhere in the meantime');
  assert.deepEqual(await titles(person), ['Water the mosses']);
});

test('markup in a title is shown as it was typed', async (t) => {
  const { page } = await signedIn(t);
  const title = '<img src=x onerror="document.title=1"> & שלום 🌿';
  await create(page, title);
  await page.reload();
  await sees(page, title);
  assert.equal(await page.title(), 'Spacedly');
});

test('the page reads the headers that are meant for it', async (t) => {
  const { page } = await signedIn(t);
  const read = await page.evaluate(async (api) => {
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify({ title: 'Water the ferns' });
    const answer = await fetch(`${api}/tasks`, { method: 'POST', headers, body, credentials: 'include' });
    return Object.fromEntries(answer.headers);
  }, API);
  const names = ['etag', 'location', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset', 'ratelimit-policy'];
  for (const name of [...names, 'x-request-id']) assert.ok(read[name], `${name} in ${Object.keys(read)}`);
  assert.equal(read.etag, '"1"');
  assert.match(read.location, /^\/api\/tasks\/[0-9a-f-]{36}$/);
});
