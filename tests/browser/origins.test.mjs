// What crosses origins: the session's cookies, preflights, headers; and that pages on unknown origins read and change nothing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { API, PASSWORD, Person } from './support/person.mjs';
import { serveElsewhere } from './support/server.mjs';
import { click, fill, member, press, sees } from './support/web.mjs';

let elsewhere;
let origins;

before(async () => {
  elsewhere = await serveElsewhere();
  origins = {
    // Within the site: the browser sends the cookies along.
    'another port': `http://localhost:${elsewhere.port}`,
    // Elsewhere: it keeps them.
    'another site': `http://127.0.0.1:${elsewhere.port}`,
  };
});

after(() => elsewhere.server.close());

test('the session’s cookies are in the browser and out of the page’s sight', async (t) => {
  const { page, context } = await member(t, '/dashboard', { byForm: true });
  assert.equal(await page.evaluate(() => document.cookie), '');
  const { accessToken, refreshToken, ...others } = Object.fromEntries((await context.cookies()).map((it) => [it.name, it]));
  assert.deepEqual(others, {});
  for (const [cookie, seconds] of [[accessToken, 900], [refreshToken, 604_800]]) {
    const { httpOnly, sameSite, secure, path, domain } = cookie;
    // Plain http on localhost, where `Secure` is off.
    assert.deepEqual({ httpOnly, sameSite, secure, path, domain }, { httpOnly: true, sameSite: 'Lax', secure: false, path: '/', domain: 'localhost' });
    const left = cookie.expires - Date.now() / 1000;
    assert.ok(left > seconds - 60 && left <= seconds, `${cookie.name} ends in time`);
  }
});

test('an edit passes its preflight with If-Match, twice in a row', async (t) => {
  const { page, person } = await member(t, '/tasks');
  await fill(page, { title: 'Water the ferns' }, '.quick');
  await press(page, 'Add');
  const calls = [];
  const network = await page.createCDPSession();
  await network.send('Network.enable');
  network.on('Network.requestWillBeSent', ({ request, requestId }) => calls.push({ requestId, ...request }));
  network.on('Network.responseReceived', ({ requestId, response }) => {
    Object.assign(calls.find((it) => it.requestId === requestId) ?? {}, { status: response.status });
  });
  for (const title of ['Water the mosses', 'Water the lichens']) {
    await click(page, '.task .about');
    await fill(page, { title }, 'dialog');
    await press(page, 'Save', 'dialog');
    await page.waitForFunction((wanted) => document.querySelector('.task .title')?.textContent === wanted && !document.querySelector('dialog'), {}, title);
  }
  const puts = calls.filter(({ method }) => method === 'PUT');
  assert.deepEqual(puts.map(({ headers }) => headers['If-Match'] ?? headers['if-match']), ['"1"', '"2"']);
  const preflights = calls.filter(({ method, headers }) => method === 'OPTIONS' && headers['Access-Control-Request-Method'] === 'PUT');
  assert.equal(preflights[0].headers['Access-Control-Request-Headers'], 'content-type,if-match');
  for (const { status } of preflights) assert.equal(status, 204);
  assert.deepEqual((await person.tasks()).map(({ title }) => title), ['Water the lichens']);
});

test('the page reads the headers that are meant for it', async (t) => {
  const { page } = await member(t);
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

async function visitElsewhere(context, name) {
  const page = await context.newPage();
  await page.goto(origins[name]);
  return page;
}

for (const name of ['another port', 'another site']) {
  test(`a page on ${name} signs nobody up`, async (t) => {
    const { context } = await member(t);
    const page = await visitElsewhere(context, name);
    const person = new Person('Mallory');
    const body = JSON.stringify({ name: person.name, email: person.email, password: PASSWORD });
    const error = await page.evaluate(
      (api, text) => fetch(`${api}/auth/register`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: text }).then((it) => it.status, String),
      API,
      body,
    );
    assert.equal(error, 'TypeError: Failed to fetch');
    await assert.rejects(person.tasks(), /INVALID_CREDENTIALS/);
  });

  test(`a page on ${name} reads none of the signed-in user’s tasks`, async (t) => {
    const { context, person } = await member(t);
    await person.signInOutsideTheBrowser();
    await person.call('POST', '/tasks', { title: 'Water the ferns' });
    const page = await visitElsewhere(context, name);
    const read = await page.evaluate((api) => fetch(`${api}/tasks`, { credentials: 'include' }).then((it) => it.text(), String), API);
    assert.equal(read, 'TypeError: Failed to fetch');
  });

  test(`a page on ${name} creates nothing, with and without a preflight`, async (t) => {
    const { context, person } = await member(t);
    const page = await visitElsewhere(context, name);
    const errors = await page.evaluate(async (api) => {
      const post = (type) => {
        const options = { method: 'POST', headers: { 'Content-Type': type }, body: '{"title":"Forged"}' };
        return fetch(`${api}/tasks`, { ...options, credentials: 'include' }).then((it) => it.status, String);
      };
      return [await post('application/json'), await post('text/plain')];
    }, API);
    assert.deepEqual(errors, ['TypeError: Failed to fetch', 'TypeError: Failed to fetch']);
    assert.deepEqual(await person.tasks(), []);
  });

  test(`a form on ${name} is answered 403, with the user’s cookies or without`, async (t) => {
    const { context, person } = await member(t);
    const page = await visitElsewhere(context, name);
    const [answer] = await Promise.all([page.waitForNavigation(), page.evaluate(submit, `${API}/tasks`)]);
    assert.equal(answer.status(), 403);
    await sees(page, 'ORIGIN_NOT_ALLOWED');
    assert.deepEqual(await person.tasks(), []);
  });
}

/** In the page: sends JSON as a form can, without a preflight: `{"title":"Forged","x":"="}`. */
function submit(action) {
  const form = Object.assign(document.createElement('form'), { action, method: 'post', enctype: 'text/plain' });
  form.append(Object.assign(document.createElement('input'), { name: '{"title":"Forged","x":"', value: '"}' }));
  document.body.append(form);
  form.submit();
}
