// Spaced reviews in the web app: a task's plan, the queue of what is due, and what a rating leads to.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { day, fill, focused, go, member, press, sees, seesNoMore, tabTo, until, WEB } from './support/web.mjs';
import { Person } from './support/person.mjs';

const WORDS = 'Learn twenty words';
const MINUTE = 60_000;

/** Somebody for whom it is about noon, so that no day ends in the middle of a test, with tasks. */
async function learner(t, titles, path, how) {
  const person = await Person.registered();
  await person.signInOutsideTheBrowser();
  const hours = 12 - new Date().getUTCHours();
  await person.call('PATCH', '/user/me', { timezone: `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}` });
  const tasks = [];
  for (const title of titles) tasks.push((await person.call('POST', '/tasks', { title })).task);
  return { tasks, ...(await member(t, path ?? `/tasks?task=${tasks[0].id}`, { person, ...how })) };
}

/** Plans reviews of a task, and moves the first one to today. */
async function withReview(person, task, plan = { kind: 'fixed', days: [1, 3, 7] }) {
  const { task: { plan: { reminderId } } } = await person.call('PUT', `/tasks/${task.id}/plan`, plan);
  await person.call('PUT', `/reminders/${reminderId}`, { scheduledAt: new Date(Date.now() + 2 * MINUTE).toISOString() });
  return reminderId;
}

const planOf = async (person, { id }) => (await person.call('GET', `/tasks/${id}`)).task.plan;

test('a plan is made of a list, changed to the model of memory, and ended', async (t) => {
  const { page, person, tasks: [task] } = await learner(t, [WORDS]);
  await press(page, 'Plan reviews', 'dialog');
  await fill(page, { days: '1, 3, none' }, '.inset');
  await press(page, 'Save the plan');
  await sees(page, 'Enter 1 to 30 whole numbers');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'days');
  await fill(page, { days: '1, 3, 8' }, '.inset');
  await press(page, 'Save the plan');
  await sees(page, 'Next review tomorrow');
  const { kind, days, step, time } = await planOf(person, task);
  assert.deepEqual({ kind, days, step, time }, { kind: 'fixed', days: [1, 3, 8], step: 0, time: null });
  assert.deepEqual(await page.$$eval('.steps li', (all) => all.map((it) => `${it.innerText} ${it.ariaCurrent ?? ''}`.trim())), ['1 day step', '3 days', '8 days']);
  assert.equal(await page.evaluate(() => document.activeElement.innerText), 'Change the plan');

  await press(page, 'Change the plan', 'dialog');
  await fill(page, { kind: 'fsrs' }, '.inset');
  await fill(page, { retention: '99', time: '08:00' }, '.inset');
  await press(page, 'Save the plan');
  await sees(page, 'Enter a number from 70 to 97.');
  await fill(page, { retention: '95' }, '.inset');
  await press(page, 'Save the plan');
  await sees(page, 'Your first rating starts the model of your memory.');
  const changed = await planOf(person, task);
  assert.deepEqual([changed.kind, changed.retention, changed.time], ['fsrs', 0.95, '08:00']);

  await press(page, 'End the plan', 'dialog');
  await sees(page, `Ended the reviews of “${WORDS}”`);
  await press(page, 'Undo');
  assert.notEqual(await planOf(person, task), null);
  await go(page, `/tasks?task=${task.id}`);
  await press(page, 'End the plan', 'dialog');
  await page.goto(`${WEB}/tasks`);
  await until('the plan has ended', async () => (await planOf(person, task)) === null);
});

test('a review that is due is rated on the dashboard, and comes back by its list', async (t) => {
  const { page, person, tasks: [task] } = await learner(t, [WORDS], '/tasks');
  await withReview(person, task);
  await go(page, '/dashboard');
  await sees(page, 'Reviews due (1)');
  await press(page, 'Good', '.ratings');
  await sees(page, `“${WORDS}” comes back`);
  await seesNoMore(page, 'Reviews due');
  const { step, reviews, lastRating } = await planOf(person, task);
  assert.deepEqual([step, reviews, lastRating], [1, 1, 'good']);
  await go(page, `/tasks?task=${task.id}`);
  await sees(page, '1 review · last one today: Good');
  assert.equal(await page.$eval('.steps [aria-current]', (it) => it.innerText), '3 days');
  await go(page, '/analytics');
  await sees(page, '1 day');
});

test('reviews are rated one after the other by keys alone', async (t) => {
  const { page, person, tasks } = await learner(t, [WORDS, 'Repeat chapter 3'], '/tasks');
  for (const task of tasks) await withReview(person, task, { kind: 'fsrs' });
  await go(page, '/reminders?show=reviews');
  await sees(page, 'Reviews due');
  await page.waitForFunction(() => document.querySelectorAll('.ratings').length === 2);
  await tabTo(page, /^Again$/);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Good');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('.ratings').length === 1 && document.activeElement.innerText === 'Again');
  await page.keyboard.press('Space');
  await sees(page, 'No reviews are due');
  const given = [];
  for (const task of tasks) given.push((await planOf(person, task)).lastRating);
  assert.deepEqual(given.toSorted(), ['again', 'good']);
  // The next ones are listed below.
  assert.equal(await page.$$eval('.reminder', (all) => all.length), 2);
});

test('in its task a review tells what the memory is like once it is rated', async (t) => {
  const { page, person, tasks: [task] } = await learner(t, [WORDS]);
  await withReview(person, task, { kind: 'fsrs' });
  await page.reload();
  await sees(page, 'A review is due. How well do you remember?');
  await press(page, 'Easy', 'dialog');
  await sees(page, 'You remember it for about 8 days. Difficulty 1 of 10.');
  await sees(page, 'Next review');
});

test('a review is moved, and only what its plan leaves open can be changed', async (t) => {
  const { page, person, tasks: [task] } = await learner(t, [WORDS], '/tasks');
  await person.call('PUT', `/tasks/${task.id}/plan`, { kind: 'fixed', days: [5] });
  await go(page, '/reminders?show=reviews');
  await press(page, `Edit the reminder of “${WORDS}”`);
  await page.waitForSelector('dialog [name=day]');
  assert.deepEqual(await page.$$eval('dialog [name]:not([type=hidden])', (all) => all.map(({ name }) => name)), ['day', 'time', 'message']);
  await fill(page, { day: day(9), time: '10:00', message: 'Both columns' }, 'dialog');
  await press(page, 'Save', 'dialog');
  await sees(page, 'Both columns');
  assert.equal((await planOf(person, task)).nextReview.slice(0, 10), day(9));
});

test('a task recurs or has reviews, and a plan that ended elsewhere is told', async (t) => {
  const { page, person, tasks: [task] } = await learner(t, [WORDS], '/tasks', { refused: [404, 409] });
  await withReview(person, task);
  await go(page, `/tasks?task=${task.id}`);
  await fill(page, { day: day(3) }, 'dialog');
  await fill(page, { repeat: 'day' }, 'dialog');
  await press(page, 'Save', 'dialog form');
  await sees(page, 'A task either recurs or has spaced reviews. End one of them first.');
  await go(page, '/dashboard');
  await page.waitForSelector('.ratings');
  await person.call('DELETE', `/tasks/${task.id}/plan`);
  await press(page, 'Hard', '.ratings');
  await sees(page, 'It no longer exists.');
  await seesNoMore(page, 'Reviews due');
});
