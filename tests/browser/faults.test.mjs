// What goes wrong between the app and the API, and how the app says so.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Person } from './support/person.mjs';
import { click, day, fill, go, intercept, logIn, member, open, press, sees, seesNoMore, visit, WEB, withTasks } from './support/web.mjs';

const BROKEN = [
  ['down', 'abort', 'Spacedly cannot be reached right now.'],
  ['answering HTML', { status: 200, contentType: 'text/html', body: '<h1>Welcome to the hotel</h1>' }, 'The answer was not understood.'],
  ['answering 500', { status: 500, contentType: 'application/json', body: JSON.stringify({ success: false, message: 'Internal Server Error', code: 'INTERNAL', requestId: 'abc-123' }) }, 'Something went wrong on our side. Try again in a moment. Reference for support: abc-123'],
  ['answering as its gateway does', { status: 503, contentType: 'application/json', body: '{"message":"Service Unavailable"}' }, 'Spacedly is busy right now.'],
];

for (const [how, answer, sentence] of BROKEN) {
  test(`an API that is ${how} is told in a sentence, and what was typed stays`, async (t) => {
    const { page, complaints } = await member(t, '/tasks', { refused: [500, 503] });
    await intercept(page, (request) => (request.method() === 'POST' ? answer : undefined));
    await fill(page, { title: 'Water the ferns' }, '.quick');
    await press(page, 'Add');
    await sees(page, sentence);
    if (answer === 'abort') await sees(page, 'Your change may not have been saved.');
    assert.equal(await page.$eval('.quick input', (it) => it.value), 'Water the ferns');
    complaints.splice(0, complaints.length, ...complaints.filter((it) => !it.includes('ERR_CONNECTION_REFUSED')));
  });
}

for (const [how, answer, sentence] of BROKEN) {
  test(`a page whose API is ${how} says so and offers another try`, async (t) => {
    const { page, complaints } = await member(t, '/settings', { refused: [500, 503] });
    let broken = true;
    await intercept(page, (request) => (broken && request.url().endsWith('/api/analytics') ? answer : undefined));
    await click(page, '.side a[href="/analytics"]');
    await sees(page, 'This could not be loaded.');
    await sees(page, sentence);
    assert.doesNotMatch(await page.evaluate(() => document.body.innerText), /may not have been saved/);
    broken = false;
    await press(page, 'Try again');
    await sees(page, 'Reminders ahead');
    complaints.splice(0, complaints.length, ...complaints.filter((it) => !it.includes('ERR_CONNECTION_REFUSED')));
  });
}

test('an API that is slow shows that it is waited for, and is given up in the end', async (t) => {
  const { page } = await member(t, '/settings');
  let slow = true;
  await intercept(page, (request) => (slow && /\/(analytics|tasks)$/.test(request.url()) ? 'wait' : undefined));
  // Time limits end forty times sooner than they say.
  const hurry = () => page.evaluate(() => {
    window.patient ??= AbortSignal.timeout;
    AbortSignal.timeout = (ms) => window.patient.call(AbortSignal, ms / 40);
  });
  const relax = async () => {
    slow = false;
    await page.evaluate(() => (AbortSignal.timeout = window.patient));
  };
  await hurry();
  await click(page, '.side a[href="/analytics"]');
  await page.waitForSelector('main [role=status][aria-label="Loading …"]');
  await sees(page, 'Spacedly takes too long to answer. Try again in a moment.');
  await relax();
  await press(page, 'Try again');
  await sees(page, 'Reminders ahead');
  await click(page, '.side a[href="/tasks"]');
  await sees(page, 'Filters');
  await fill(page, { title: 'Water the ferns' }, '.quick');
  slow = true;
  await hurry();
  await press(page, 'Add');
  await page.waitForSelector('.quick [aria-disabled=true] .spinner');
  await sees(page, 'Spacedly takes too long to answer. Try again in a moment.');
  assert.equal(await page.$eval('.quick input', (it) => it.value), 'Water the ferns');
});

test('offline is told, reading goes on, and a change says that it may not have been made', async (t) => {
  const { page, complaints } = await member(t, '/tasks');
  await fill(page, { title: 'Water the ferns' }, '.quick');
  await press(page, 'Add');
  await sees(page, 'Water the ferns');
  await page.setOfflineMode(true);
  await sees(page, 'You are offline. You see what was last loaded');
  await click(page, '.side a[href="/tasks"]');
  await sees(page, 'Water the ferns');
  await press(page, 'Mark “Water the ferns” as completed');
  await sees(page, 'You are offline. Try again when you are connected. Your change may not have been saved.');
  await page.waitForSelector('.task [aria-checked=false]');
  await page.setOfflineMode(false);
  await seesNoMore(page, 'You see what was last loaded');
  complaints.splice(0, complaints.length, ...complaints.filter((it) => !it.includes('ERR_INTERNET_DISCONNECTED')));
});

test('the app opens without a network once it was there', async (t) => {
  const { page, complaints } = await visit(t, '/login');
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.reload();
  await sees(page, 'Welcome back');
  await page.setOfflineMode(true);
  await page.reload();
  await sees(page, 'Welcome back');
  const kept = await page.evaluate(async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url)))).flat());
  assert.ok(kept.length > 3 && kept.every((url) => url.startsWith(`${WEB}/`)), String(kept));
  complaints.splice(0, complaints.length, ...complaints.filter((it) => !it.includes('ERR_INTERNET_DISCONNECTED')));
});

test('two tabs renew the session once', async (t) => {
  const { page, context, complaints, foreign } = await member(t, '/tasks');
  const second = await open(context, '/tasks', { complaints, foreign });
  const renewals = [];
  for (const tab of [page, second]) {
    tab.on('request', (request) => request.url().endsWith('/auth/refresh') && request.method() === 'POST' && renewals.push(tab));
  }
  await page.evaluate(() => localStorage.setItem('spacedly.renewedAt', String(Date.now() - 14 * 60_000)));
  const go = (tab, path) => tab.evaluate((to) => document.querySelector(`.side a[href="${to}"]`).click(), path);
  await Promise.all([go(page, '/notifications'), go(second, '/analytics')]);
  await Promise.all([sees(page, 'No notifications'), sees(second, 'Reminders ahead')]);
  assert.equal(renewals.length, 1);
  const age = await page.evaluate(() => Date.now() - Number(localStorage.getItem('spacedly.renewedAt')));
  assert.ok(age < 60_000);
});

test('a session that ended is told, and signing in leads back', async (t) => {
  const { page, context, person } = await member(t, '/dashboard', { refused: [401] });
  await context.deleteCookie(...(await context.cookies()));
  await page.goto(`${WEB}/calendar?day=2031-03-15`);
  await sees(page, 'Your session has ended. Sign in again');
  await logIn(page, person);
  await sees(page, 'March 2031');
});

test('nobody who is not signed in gets beyond the sign-in, and no link leads to another site', async (t) => {
  const { page } = await visit(t, '/settings', { refused: [401] });
  await sees(page, 'Welcome back');
  assert.equal(new URL(page.url()).searchParams.get('next'), '/settings');
  const { page: other, person } = await member(t, '/dashboard');
  await press(other, 'Sign out', '.side');
  await sees(other, 'You are signed out.');
  await other.goto(`${WEB}/login?next=//evil.example/`);
  await logIn(other, person);
  await sees(other, ', Ada');
  assert.equal(other.url(), `${WEB}/dashboard`);
});

test('a clock that is an hour off is told, and reminders go by the right one', async (t) => {
  const script = `{ const Real = Date; const shift = 3_600_000;
    globalThis.Date = class extends Real { constructor(...given) { given.length ? super(...given) : super(Real.now() - shift); } static now() { return Real.now() - shift; } }; }`;
  const { page } = await member(t, '/dashboard', { script });
  await sees(page, 'Your device’s clock is 1 hour behind.');
});

test('an address that is none says so', async (t) => {
  const { page } = await visit(t, '/nowhere');
  await sees(page, 'There is nothing here');
});

test('a link of a mail that is cut off says what to do', async (t) => {
  const { page } = await visit(t, '/verify-email');
  await sees(page, 'This link is not complete.');
});

test('a calendar that loads or failed says nothing of its days', async (t) => {
  const { page, complaints } = await member(t, '/settings', { refused: [503] });
  let answer = 'wait';
  await intercept(page, (request) => (/\/(tasks\?|reminders)/.test(request.url()) ? answer : undefined));
  await click(page, '.side a[href="/calendar"]');
  await page.waitForSelector('.calendar .skeleton');
  await page.waitForSelector('.month[aria-busy=true]');
  const says = () => page.$eval('.calendar', (it) => it.textContent);
  assert.doesNotMatch(await says(), /Nothing on this day|0 tasks/);
  answer = 'abort';
  await page.goto(`${WEB}/calendar`);
  await sees(page, 'This could not be loaded.');
  assert.doesNotMatch(await says(), /Nothing on this day|0 tasks/);
  answer = undefined;
  await press(page, 'Try again');
  await sees(page, 'Nothing on this day.');
  await page.waitForSelector('.month[aria-busy=false]');
  assert.match(await says(), /0 tasks/);
  complaints.splice(0, complaints.length, ...complaints.filter((it) => !it.includes('ERR_CONNECTION_REFUSED')));
});

test('a session that ends while a task is typed gives the text back after signing in, once, and to nobody else', async (t) => {
  const { page, person, context } = await member(t, '/tasks', { refused: [401, 404] });
  const typed = { title: 'Water the ferns', description: 'All of them', day: day(4), remind: '60' };
  const end = async () => {
    await page.waitForSelector('dialog [name=title]');
    for (const [name, value] of Object.entries(typed)) await fill(page, { [name]: value }, 'dialog');
    await context.deleteCookie(...(await context.cookies()));
    await press(page, 'Create', 'dialog');
    await sees(page, 'Your session has ended. Sign in again');
  };
  const drafts = () => page.evaluate(() => sessionStorage.getItem('spacedly.draft'));
  const shown = () => page.$$eval('dialog [name]', (all) => Object.fromEntries(all.map((it) => [it.name, it.value])));
  await page.keyboard.press('n');
  await end();
  await logIn(page, person);
  await page.waitForSelector('dialog [name=title]');
  const { title, description, day: due, remind } = await shown();
  assert.deepEqual({ title, description, day: due, remind }, typed);
  assert.equal(await drafts(), null);
  await end();
  assert.match(await drafts(), /Water the ferns/);
  await logIn(page, await Person.registered('Grace Hopper'));
  await page.waitForSelector('dialog [name=title]');
  assert.equal((await shown()).title, '');
  assert.equal(await drafts(), null);
});

test('what was typed into a task that exists comes back as well, and not after signing out by choice', async (t) => {
  const { page, person, context, made, complaints, foreign } = await withTasks(t, '/tasks', [{ title: 'Water the ferns', category: 'Garden' }], { refused: [401] });
  await go(page, `/tasks?task=${made[0].id}`);
  await fill(page, { title: 'Water the mosses' }, 'dialog');
  await context.deleteCookie(...(await context.cookies()));
  await press(page, 'Save', 'dialog form');
  await sees(page, 'Your session has ended. Sign in again');
  await logIn(page, person);
  await page.waitForSelector('dialog [name=title]');
  assert.equal(await page.$eval('dialog [name=title]', (it) => it.value), 'Water the mosses');
  const second = await open(context, '/dashboard', { complaints, foreign });
  await press(second, 'Sign out', '.side');
  await sees(second, 'You are signed out.');
  await page.bringToFront();
  await sees(page, 'Your session has ended. Sign in again');
  await page.waitForFunction(() => sessionStorage.length === 0);
});

test('a task that was deleted offers no other try', async (t) => {
  const { page } = await member(t, `/tasks`, { refused: [404] });
  await page.goto(`${WEB}/tasks?task=01900000-0000-7000-8000-000000000000`);
  await sees(page, 'It no longer exists');
  assert.equal(await page.$('dialog ::-p-aria(Try again)'), null);
});
