// What each test stands on: the browser, the app on its allowed origin, people, and what they see.

import { after, before } from 'node:test';
import { randomBytes, randomUUID } from 'node:crypto';

import { launch } from './chromium.mjs';
import { serve } from './server.mjs';

const PATIENCE_MS = 30_000;
/** Everybody's password. */
export const PASSWORD = 'Secret1pass';

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is missing`);
  return value;
}

/** The API's address. */
export const API = `${required('BASE_URL')}/api`;
/** The origin that the API lets in; the app is served there. */
export const PAGE = required('PAGE_URL');

let browser;
let app;

before(async () => {
  browser = await launch();
  app = await serve(Number(new URL(PAGE).port), API);
});

after(async () => {
  await browser?.close();
  app?.server.close();
});

/** A browser of its own, with no cookies, on the app's page. It closes with the test; `complaints` fills as it goes. */
export async function visitor(test, origin = PAGE) {
  const context = await browser.createBrowserContext();
  test.after(() => context.close());
  return { context, ...(await open(context, origin)) };
}

/** Another page in a browser. */
export async function open(context, origin) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) complaints.push(message.text());
  });
  await page.goto(origin, { waitUntil: 'networkidle0' });
  return { page, complaints };
}

/** Somebody with an account, who uses the API without a browser too. */
export class Person {
  constructor(name) {
    this.name = name;
    this.email = `${randomUUID()}@example.com`;
    // A person has an address of their own: ten registrations an hour are all that one address has.
    this.address = `10.${randomBytes(3).join('.')}`;
  }

  static async registered(name = 'Ada Lovelace') {
    const person = new Person(name);
    await person.call('POST', '/auth/register', { name, email: person.email, password: PASSWORD });
    return person;
  }

  /** Calls the API from outside any browser, and gives the answer's `data`. */
  async call(method, path, body) {
    const headers = { 'Content-Type': 'application/json', 'X-Token-Delivery': 'body' };
    headers['X-Test-Client-Address'] = this.address;
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    const response = await fetch(API + path, { method, headers, body: JSON.stringify(body) });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer.data;
  }

  async signInOutsideTheBrowser() {
    const { tokens } = await this.call('POST', '/auth/login', { email: this.email, password: PASSWORD });
    this.token = tokens.accessToken;
  }

  /** The account's tasks, asked for from outside the browser. */
  async tasks() {
    if (!this.token) await this.signInOutsideTheBrowser();
    return (await this.call('GET', '/tasks')).tasks;
  }

  async signUp(page) {
    await fill(page, '#register', { name: this.name, email: this.email, password: PASSWORD });
    await sees(page, `Welcome, ${this.name}`);
  }

  async logIn(page) {
    await fill(page, '#login', { email: this.email, password: PASSWORD });
  }
}

/** Somebody who is signed in, in a browser of their own. */
export async function signedIn(test, name) {
  const person = await Person.registered(name);
  const seen = await visitor(test);
  await person.logIn(seen.page);
  await sees(seen.page, `Signed in as ${person.name}`);
  return { person, ...seen };
}

/** What the pattern's group finds in the mails to an address, the newest first; waits for it. */
export async function mailed(address, pattern) {
  const url = `${required('BASE_URL')}/mailbox/messages?to=${encodeURIComponent(address)}`;
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline;) {
    const mails = await (await fetch(url)).json();
    const found = mails.map(({ text }) => text.match(pattern)?.[1]).find(Boolean);
    if (found) return found;
    await new Promise((again) => setTimeout(again, 100));
  }
  throw new Error(`No mail to ${address} has ${pattern}`);
}

/** Types into a form's fields and sends it. */
export async function fill(page, form, fields) {
  for (const [name, value] of Object.entries(fields)) {
    await page.locator(`${form} [name=${name}]`).fill(value);
  }
  await page.locator(`${form} button`).click();
}

/** Waits until the page shows a text. */
export async function sees(page, text) {
  try {
    await page.waitForFunction((wanted) => document.body.innerText.includes(wanted), {}, text);
  } catch {
    const shown = await page.evaluate(() => document.body.innerText);
    throw new Error(`The page never showed “${text}”. It shows:\n${shown}`);
  }
}

/** Creates a task in the page. */
export async function create(page, title) {
  await fill(page, '#create', { title });
  await sees(page, 'Created.');
}
