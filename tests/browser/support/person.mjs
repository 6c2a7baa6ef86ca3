// People who use the API without a browser, and what arrives in their mailbox.

import { randomBytes, randomUUID } from 'node:crypto';

export const PASSWORD = 'Secret1pass';

export function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is missing`);
  return value;
}

/** Where the local system is. */
export const BASE = required('BASE_URL');
/** The API's address. */
export const API = `${BASE}/api`;

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

  /** The cookies of a new session, for a browser. */
  async cookies() {
    const headers = { 'Content-Type': 'application/json', 'X-Test-Client-Address': this.address };
    const body = JSON.stringify({ email: this.email, password: PASSWORD });
    const response = await fetch(`${API}/auth/login`, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(`POST /auth/login: ${response.status} ${await response.text()}`);
    const { hostname: domain } = new URL(API);
    return response.headers.getSetCookie().map((text) => {
      const [, name, value, seconds] = text.match(/^([^=]+)=([^;]*);.*Max-Age=(\d+)/i);
      return { name, value, domain, path: '/', httpOnly: true, sameSite: 'Lax', expires: Date.now() / 1000 + Number(seconds) };
    });
  }

  /** The account's tasks, asked for from outside the browser. */
  async tasks() {
    if (!this.token) await this.signInOutsideTheBrowser();
    return (await this.call('GET', '/tasks')).tasks;
  }

  /** The newest mail to this person whose subject contains a text. Waits for it. */
  async mail(subject) {
    const deadline = Date.now() + 20_000;
    while (Date.now() < deadline) {
      const answer = await fetch(`${BASE}/mailbox/messages?to=${encodeURIComponent(this.email)}`);
      const found = (await answer.json()).find((mail) => mail.subject.includes(subject));
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`No mail “${subject}” came to ${this.email}`);
  }

  /** The path and the query of the link in a mail that leads to a page of the app. */
  async link(subject, path) {
    const { text } = await this.mail(subject);
    const found = text.match(new RegExp(`https?://[^/\\s]+(/${path}[^\\s]*)`));
    if (!found) throw new Error(`No link to ${path} in: ${text}`);
    return found[1];
  }
}
