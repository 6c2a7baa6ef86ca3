// The web app in a browser: visitors, what they see, and what no visitor may meet (errors in the console, other hosts).

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { launch } from './chromium.mjs';
import { API, BASE, PASSWORD, Person, required } from './person.mjs';

export const WEB = required('WEB_URL');
const CLOUD = required('CLOUD_URL');
const PATIENCE_MS = 15_000;

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/**
 * A browser of its own on a page of the app. When the test ends, its console must be empty but for answers of the API
 * with one of the statuses in `refused`, and it must have asked nobody but the app, the API and the bucket.
 */
export async function visit(t, path = '/', { refused = [], cookies = [], width = 1280, height = 800, ...how } = {}) {
  const context = await browser.createBrowserContext();
  await context.setCookie(...cookies);
  const complaints = [];
  const foreign = [];
  const page = await open(context, path, { width, height, complaints, foreign, ...how });
  t.after(async () => {
    await context.close();
    const expected = new RegExp(`the server responded with a status of (${refused.join('|') || 'none'}) `);
    assert.deepEqual(complaints.filter((it) => !expected.test(it)), []);
    assert.deepEqual(foreign, []);
  });
  return { context, page, complaints, foreign };
}

/** Another tab. */
export async function open(context, path, { width = 1280, height = 800, complaints = [], foreign = [], features = [], script } = {}) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.setViewport({ width, height });
  if (features.length > 0) await page.emulateMediaFeatures(features);
  if (script) await page.evaluateOnNewDocument(script);
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) complaints.push(`${message.text()} ${message.location().url ?? ''}`);
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!/^(data|blob):/.test(url) && ![WEB, BASE, CLOUD].some((origin) => url.startsWith(`${origin}/`))) foreign.push(url);
  });
  await go(page, path);
  return page;
}

/** Goes to a page of the app, and waits until it shows what it has to show. */
export async function go(page, path) {
  await page.goto(WEB + path);
  await page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('.skeleton'));
}

/**
 * Somebody signed in, in a browser of their own, on a page of the app. `byForm` signs in as people do; without it the
 * browser begins with the session's cookies, which is quicker.
 */
export async function member(t, path = '/dashboard', { name = 'Ada Lovelace', person, byForm, ...how } = {}) {
  const who = person ?? (await Person.registered(name));
  if (!byForm) {
    const cookies = await who.cookies();
    return { person: who, ...(await visit(t, path, { cookies, ...how })) };
  }
  const seen = await visit(t, `/login?${new URLSearchParams({ next: path })}`, how);
  await logIn(seen.page, who);
  await seen.page.waitForSelector('.shell h1');
  return { person: who, ...seen };
}

/** The plain date of so many days from now, in UTC. */
export const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

/** Somebody signed in, in the browser and outside of it, with tasks. */
export async function withTasks(t, path, tasks, how = {}) {
  const person = await Person.registered();
  await person.signInOutsideTheBrowser();
  const made = [];
  for (const task of tasks) made.push((await person.call('POST', '/tasks', task)).task);
  return { ...(await member(t, path, { person, ...how })), made };
}

export async function logIn(page, person, password = PASSWORD) {
  await fill(page, { email: person.email, password });
  await press(page, 'Sign in');
}

/** Types into fields by their names; what stood there goes. */
export async function fill(page, fields, within = '') {
  for (const [name, value] of Object.entries(fields)) {
    const field = await page.waitForSelector(`${within} [name="${name}"]`);
    const type = await field.evaluate((it) => it.type);
    if (/^(date|time|select-one)$/.test(type)) {
      await field.evaluate((it, text) => {
        const { set } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(it), 'value');
        set.call(it, text);
        it.dispatchEvent(new Event('input', { bubbles: true }));
        it.dispatchEvent(new Event('change', { bubbles: true }));
      }, value);
    } else {
      await field.evaluate((it) => it.select());
      await (value === '' ? page.keyboard.press('Backspace') : field.type(value));
    }
  }
}

/** Clicks the button or the link of this name, as assistive technology knows it. */
export async function press(page, name, within = '') {
  const element = await page.waitForSelector(`${within} ::-p-aria([name="${name}"])`, { visible: true });
  await element.evaluate((it) => it.scrollIntoView({ block: 'center' }));
  await element.click();
}

/** Clicks the first element of a selector once it is there. */
export async function click(page, selector) {
  const element = await page.waitForSelector(selector, { visible: true });
  await element.evaluate((it) => it.scrollIntoView({ block: 'center' }));
  await element.click();
}

/** What has the focus, by its name for assistive technology, its field's name or its text. */
export const focused = (page) => page.evaluate(() => {
  const it = document.activeElement;
  return it?.getAttribute('aria-label') || (it?.tagName !== 'BUTTON' && it?.getAttribute('name')) || it?.innerText.trim() || '';
});

/** Presses Tab until the focus is on something of this name. */
export async function tabTo(page, wanted) {
  for (let presses = 0; presses < 80; presses += 1) {
    if (wanted.test(await focused(page))) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab never reached ${wanted}; it is on ${await focused(page)}`);
}

/** Clicks the first element of a selector within the page: for what is drawn again at any moment, and so has no place to aim at. */
export const tap = (page, selector) => page.waitForFunction((wanted) => {
  const found = document.querySelector(wanted);
  found?.click();
  return Boolean(found);
}, {}, selector);

/** Waits until the page shows a text. */
export async function sees(page, text) {
  try {
    await page.waitForFunction((wanted) => document.body.innerText.includes(wanted), { polling: 50 }, text);
  } catch {
    const shown = await page.evaluate(() => document.body.innerText).catch(() => 'nothing');
    throw new Error(`The page never showed “${text}”. It shows:\n${shown}`);
  }
}

/** Waits until the page no longer shows a text. */
export async function seesNoMore(page, text) {
  await page.waitForFunction((wanted) => !document.body.innerText.includes(wanted), { polling: 50 }, text);
}

/** Waits until something holds, asked from outside the page. */
export async function until(what, look) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`It never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * Answers the API's requests in its place, as a broken network does. `answer` gives
 * nothing for what passes, `abort` for a refused connection, `wait` for an answer that never comes.
 */
export async function intercept(page, answer) {
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    const given = request.url().startsWith(`${API}/`) && request.method() !== 'OPTIONS' ? answer(request) : undefined;
    if (given === 'abort') request.abort('connectionrefused');
    else if (given === 'wait') return;
    else if (given) {
      const headers = { 'Access-Control-Allow-Origin': WEB, 'Access-Control-Allow-Credentials': 'true', ...given.headers };
      request.respond({ ...given, headers });
    } else request.continue();
  });
}
