// A page without an app: forms whose fields are sent as JSON, blank ones included, and a form that sends files by itself.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { resolve } from 'node:path';

import { launch } from './support/chromium.mjs';
import { API, BASE, PASSWORD, Person, required } from './support/person.mjs';

const FILES = resolve(import.meta.dirname, '../../media/tests/files');
const FORMS = resolve(import.meta.dirname, 'forms');
const PATIENCE_MS = 30_000;
/** An origin that the API lets in. The page of forms is served there. */
const ORIGIN = required('FORMS_URL');

let browser;
let server;

before(async () => {
  browser = await launch();
  const pages = {
    '/forms.html': ['text/html', await readFile(`${FORMS}/forms.html`)],
    '/forms.js': ['text/javascript', await readFile(`${FORMS}/forms.js`)],
    '/config.js': ['text/javascript', `export const API = '${API}';`],
  };
  server = createServer(({ url }, response) => {
    const [type, content] = pages[url] ?? [];
    if (type) response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8` }).end(content);
    else response.writeHead(404).end();
  });
  const { port } = new URL(ORIGIN);
  await new Promise((listening, failed) => server.once('error', failed).listen(Number(port), '127.0.0.1', listening));
});

after(async () => {
  await browser?.close();
  server?.close();
});

/** A browser of its own, with no cookies, on the page of forms. */
async function visitor(t) {
  const context = await browser.createBrowserContext();
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${ORIGIN}/forms.html`, { waitUntil: 'load' });
  return { context, page };
}

/** What the pattern's group finds in the mails to an address, the newest first; waits for it. */
async function mailed(address, pattern) {
  const url = `${BASE}/mailbox/messages?to=${encodeURIComponent(address)}`;
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline;) {
    const mails = await (await fetch(url)).json();
    const found = mails.map(({ text }) => text.match(pattern)?.[1]).find(Boolean);
    if (found) return found;
    await new Promise((again) => setTimeout(again, 100));
  }
  throw new Error(`No mail to ${address} has ${pattern}`);
}

/** Fills a form, sends it, and gives the status and the answer that the page shows. */
async function send(page, form, fields = {}) {
  await page.$eval('#answer', (it) => { it.textContent = ''; });
  for (const [name, value] of Object.entries(fields)) {
    await page.$eval(`${form} [name=${name}]`, (it, text) => { it.value = text; }, value);
  }
  await page.click(`${form} button`);
  const shown = await page.waitForFunction(() => document.querySelector('#answer').textContent);
  return JSON.parse(await shown.jsonValue());
}

async function signedIn(t) {
  const person = await Person.registered();
  const { page } = await visitor(t);
  assert.equal((await send(page, '#login', { email: person.email, password: PASSWORD })).status, 200);
  return { page, person };
}

test('a form signs up, verifies the address, signs in and ends the account', async (t) => {
  const { email } = new Person();
  const { page, context } = await visitor(t);
  const person = { name: 'Ada Lovelace', email, password: PASSWORD };
  assert.equal((await send(page, '#register', person)).status, 201);
  const token = await mailed(email, /verify-email\?token=([\w-]+)/);
  assert.equal((await send(page, '#verify', { token, password: PASSWORD })).message, 'Email verified successfully');
  const { data } = await send(page, '#login', { email, password: PASSWORD });
  assert.equal(data.user.email, email);
  // A blank answer is none: the profile is as it was.
  const profile = await send(page, '#profile', { timezone: 'Europe/Lisbon', name: 'Ada King' });
  assert.deepEqual([profile.data.user.timezone, profile.data.user.name], ['Europe/Lisbon', 'Ada King']);
  assert.equal((await send(page, '#close', { password: PASSWORD })).message, 'Account deleted successfully');
  assert.deepEqual(await context.cookies(), []);
});

test('a task is created from a form that is mostly empty, and its fields are cleared by emptying them', async (t) => {
  const { page } = await signedIn(t);
  const { status, data: { task } } = await send(page, '#create', { title: 'Water the ferns' });
  assert.equal(status, 201);
  const { title, dueDate, priority, status: state, category, link } = task;
  assert.deepEqual([title, dueDate, priority, state, category, link], ['Water the ferns', null, 'medium', 'todo', null, null]);

  const fields = { dueDate: '2031-05-01', priority: 'High', category: 'Home', link: 'https://example.com', description: 'Two\nlines' };
  const filled = (await send(page, '#edit', { title, ...fields })).data.task;
  // The end of that day in Kolkata, where new users are until they say otherwise.
  assert.equal(filled.dueDate, '2031-05-01T18:29:59.999Z');
  assert.deepEqual([filled.priority, filled.category, filled.link], ['high', 'Home', 'https://example.com/']);
  assert.equal(filled.description, 'Two\nlines');

  const blank = Object.fromEntries(Object.keys(fields).map((name) => [name, '']));
  const emptied = (await send(page, '#edit', { title, ...blank })).data.task;
  assert.deepEqual([emptied.dueDate, emptied.category, emptied.link, emptied.description], [null, null, null, '']);
  assert.equal(emptied.priority, 'high', 'a field with a default stays');

  const refused = await send(page, '#edit', { title: '', dueDate: '' });
  assert.deepEqual([refused.status, refused.message], [400, 'Title is required']);
});

test('a reminder is made by a form with blanks', async (t) => {
  const { page } = await signedIn(t);
  await send(page, '#create', { title: 'Water the ferns' });
  const at = new Date(Date.now() + 86_400_000).toISOString();
  const { status, data } = await send(page, '#remind', { scheduledAt: at });
  assert.equal(status, 201);
  assert.deepEqual([data.reminder.type, data.reminder.status, data.reminder.scheduledAt], ['email', 'pending', at]);
  const refused = await send(page, '#remind', { scheduledAt: '' });
  assert.deepEqual([refused.status, refused.message], [400, 'Scheduled time is required']);
});

test('a code is confirmed by a form that leaves the challenge to the cookie', async (t) => {
  const { page, person } = await signedIn(t);
  await person.signInOutsideTheBrowser();
  await person.call('POST', '/user/enabled-2fa', { is_Enabled: true });
  const { data } = await send(page, '#login', { email: person.email, password: PASSWORD });
  assert.equal(data.requiresOtp, true);
  const otp = await mailed(person.email, /^(\d{6})$/m);
  const confirmed = await send(page, '#code', { email: person.email, otp });
  assert.deepEqual([confirmed.status, confirmed.data?.user.email], [200, person.email]);
});

test('a form sends files by itself, and the browser shows that they are ready', async (t) => {
  const { page, person } = await signedIn(t);
  await send(page, '#create', { title: 'Find the cat' });
  const [first] = await page.$$('#upload [type=file]');
  await first.uploadFile(`${FILES}/cat.jpg`, `${FILES}/document.pdf`);
  await Promise.all([page.waitForNavigation(), page.click('#upload button')]);
  assert.ok(page.url().startsWith(API));
  const shown = JSON.parse(await page.evaluate(() => document.body.innerText));
  assert.equal(shown.message, 'Files uploaded successfully');
  const [{ attachments }] = await person.tasks();
  assert.deepEqual(attachments.map(({ filename, status }) => [filename, status]).sort(), [
    ['cat.jpg', 'ready'],
    ['document.pdf', 'ready'],
  ]);
});
