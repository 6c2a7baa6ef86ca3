// The dashboard: which zone its times are in, what is due, and a task by its title alone.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { day, fill, go, member, press, sees, seesNoMore, until, withTasks } from './support/web.mjs';

const ASKED = /your browser is in (\S+)\./;
const text = (page) => page.evaluate(() => document.body.innerText);

/** A new account, whose zone is Asia/Kolkata, in a browser of another zone. */
async function abroad(t, zone, how) {
  const seen = await member(t, '/tasks', how);
  await seen.page.emulateTimezone(zone);
  await go(seen.page, '/dashboard');
  return seen;
}

test('a new account in another zone than its browser takes the browser’s', async (t) => {
  const { page, person } = await abroad(t, 'Europe/Berlin');
  await sees(page, 'Times are in Asia/Kolkata, your browser is in Europe/Berlin.');
  await press(page, 'Use Europe/Berlin');
  await seesNoMore(page, 'Times are in');
  await person.signInOutsideTheBrowser();
  assert.equal((await person.call('GET', '/user/me')).user.timezone, 'Europe/Berlin');
  await go(page, '/dashboard');
  assert.doesNotMatch(await text(page), ASKED);
});

test('a zone that is kept is remembered, and so is one that the settings chose', async (t) => {
  const { page } = await abroad(t, 'Europe/Berlin');
  await press(page, 'Keep Asia/Kolkata');
  await seesNoMore(page, 'your browser is in');
  await go(page, '/dashboard');
  assert.doesNotMatch(await text(page), ASKED);
  await page.emulateTimezone('America/New_York');
  await go(page, '/dashboard');
  assert.equal((await text(page)).match(ASKED)?.[1], 'America/New_York');

  await go(page, '/settings');
  await fill(page, { timezone: 'Pacific/Auckland' }, 'form:has([name=timezone])');
  await press(page, 'Save', 'form:has([name=timezone])');
  await sees(page, 'Times are in Pacific/Auckland');
  await go(page, '/dashboard');
  assert.doesNotMatch(await text(page), ASKED);
});

test('a zone under its old name is the same zone, and is offered once', async (t) => {
  const { page } = await abroad(t, 'Asia/Calcutta');
  assert.doesNotMatch(await text(page), /Times are in/);
  await go(page, '/settings');
  assert.doesNotMatch(await text(page), /Your browser is in/);
  const offered = await page.$$eval('[name=timezone] option', (all) => all.map((it) => it.value));
  assert.deepEqual(offered.filter((name) => /^Asia\/(Calcutta|Kolkata|Saigon|Ho_Chi_Minh)$/.test(name)), ['Asia/Ho_Chi_Minh', 'Asia/Kolkata']);
  assert.equal(new Set(offered).size, offered.length);
});

test('more than a page of overdue tasks hides nothing of today', async (t) => {
  const late = Array.from({ length: 101 }, (_, index) => ({ title: `Overdue ${index}`, dueDate: day(-5) }));
  const today = new Date(Date.now() + 5.5 * 3_600_000).toISOString().slice(0, 10);
  const { page } = await withTasks(t, '/dashboard', [...late, { title: 'Pay the rent', dueDate: today }, { title: 'Call the plumber', dueDate: day(3) }]);
  await sees(page, 'Overdue (100+)');
  await sees(page, 'Call the plumber');
  await sees(page, 'Pay the rent');
  assert.doesNotMatch(await text(page), /Nothing is due/);
});

test('a task by its title alone says that it was added, and opens', async (t) => {
  const { page, person } = await member(t, '/dashboard');
  await fill(page, { title: 'Water the ferns' }, '.quick');
  await page.keyboard.press('Enter');
  await sees(page, 'Added “Water the ferns”');
  await press(page, 'Open', '.toast');
  await page.waitForSelector('dialog [name=title]');
  const [task] = await until('it is kept', async () => (await person.tasks()).length === 1 && person.tasks());
  assert.equal(new URL(page.url()).searchParams.get('task'), task.id);
});
