// Pages on origins that the API does not know: they read nothing and change nothing, not even with the user's cookies.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { serve } from './support/server.mjs';
import { API, Person, create, fill, open, sees, signedIn, visitor } from './support/world.mjs';

let stranger;
let origins;

before(async () => {
  stranger = await serve(0, API);
  origins = {
    // Within the site: the browser sends the cookies along.
    'another port': `http://localhost:${stranger.port}`,
    // Elsewhere: it keeps them.
    'another site': `http://127.0.0.1:${stranger.port}`,
  };
});

after(() => stranger.server.close());

for (const name of ['another port', 'another site']) {
  test(`the app on ${name} reaches nothing, and no account comes of it`, async (t) => {
    const { page, complaints } = await visitor(t, origins[name]);
    const person = new Person('Mallory');
    await fill(page, '#register', { name: 'Mallory', email: person.email, password: 'Secret1pass' });
    await sees(page, 'The API cannot be reached from this page.');
    assert.ok(complaints.some((it) => it.includes('blocked by CORS policy')), complaints.join('\n'));
    await assert.rejects(person.tasks(), /INVALID_CREDENTIALS/);
  });

  test(`a page on ${name} reads none of the signed-in user’s tasks`, async (t) => {
    const { page: own, context } = await signedIn(t);
    await create(own, 'Water the ferns');
    const { page } = await open(context, origins[name]);
    const read = await page.evaluate(
      (api) => fetch(`${api}/tasks`, { credentials: 'include' }).then((it) => it.text(), String),
      API,
    );
    assert.equal(read, 'TypeError: Failed to fetch');
  });

  test(`a page on ${name} creates nothing, with and without a preflight`, async (t) => {
    const { context, person } = await signedIn(t);
    const { page } = await open(context, origins[name]);
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
    const { context, person } = await signedIn(t);
    const { page } = await open(context, origins[name]);
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
