// Tasks that recur, in the web app: their rule, each time done or skipped, and their history.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { click, day, fill, member, open, press, sees, tabTo, until, WEB, withTasks } from './support/web.mjs';

const DAILY = { rrule: 'FREQ=DAILY', anchor: 'due' };
const FERNS = { title: 'Water the ferns', dueDate: `${day(2)}T08:30:00Z`, recurrence: DAILY };

const only = async (person) => (await person.tasks())[0];
const history = async (person) => (await person.call('GET', `/tasks/${(await only(person)).id}/occurrences`)).occurrences;
const openTask = async (page, { id }) => {
  await page.goto(`${WEB}/tasks?task=${id}`);
  await page.waitForSelector('dialog [name=title]');
};

test('a rule is made of choices, shown in words, changed and ended', async (t) => {
  const { page, person } = await member(t, '/tasks', { refused: [400] });
  await page.keyboard.press('n');
  await fill(page, { title: 'Water the ferns' }, 'dialog');
  assert.equal(await page.$('[name=repeat]'), null, 'there is nothing to repeat without a day');
  await fill(page, { day: day(2), time: '08:30' }, 'dialog');
  await fill(page, { repeat: 'custom' }, 'dialog');
  await fill(page, { every: '2', unit: 'week', ends: 'count', anchor: 'completion' }, 'dialog');
  await fill(page, { count: '0' }, 'dialog');
  await click(page, 'dialog [name="on-MO"]');
  await click(page, 'dialog [name="on-TH"]');
  await press(page, 'Create', 'dialog');
  await sees(page, 'Enter a whole number of at least 1.');
  await fill(page, { count: '5' }, 'dialog');
  await press(page, 'Create', 'dialog');
  await sees(page, 'every 2 weeks on Monday and Thursday after it is completed, 5 times');
  const made = await only(person);
  assert.deepEqual(made.recurrence, { rrule: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=5', anchor: 'completion', timezone: 'Asia/Kolkata' });

  await openTask(page, made);
  const chosen = await page.$$eval('dialog [name=repeat], dialog [name=every], dialog [name=count], dialog [type=checkbox]:checked', (all) => all.map(({ name, value }) => `${name} ${value}`));
  assert.deepEqual(chosen, ['repeat custom', 'every 2', 'on-MO on', 'on-TH on', 'count 5']);
  await fill(page, { title: 'Water the mosses' }, 'dialog');
  await press(page, 'Save', 'dialog form');
  await sees(page, 'Saved');
  assert.deepEqual((await only(person)).recurrence, made.recurrence);

  await openTask(page, made);
  await fill(page, { unit: 'month' }, 'dialog');
  await fill(page, { position: '-1' }, 'dialog');
  await fill(page, { weekday: 'FR', every: '1', ends: 'until', zone: 'Europe/Berlin' }, 'dialog');
  await fill(page, { untilDay: '2031-12-31' }, 'dialog');
  await press(page, 'Save', 'dialog form');
  await until('the rule is another', async () => (await only(person)).recurrence.rrule === 'FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20311231');
  assert.equal((await only(person)).recurrence.timezone, 'Europe/Berlin');
  await page.waitForFunction(() => /every month on the last Friday after it is completed, until .*2031/.test(document.body.innerText));

  await openTask(page, made);
  await fill(page, { repeat: 'rule' }, 'dialog');
  await fill(page, { rule: 'FREQ=HOURLY' }, 'dialog');
  await press(page, 'Save', 'dialog form');
  await page.waitForSelector('dialog [name=rule][aria-invalid=true]');
  await fill(page, { rule: 'FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30' }, 'dialog');
  await press(page, 'Save', 'dialog');
  await sees(page, 'This rule never comes true (for example 30 February). Change it.');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'rule');
  await fill(page, { repeat: 'none' }, 'dialog');
  await press(page, 'Save', 'dialog form');
  await until('it no longer recurs', async () => (await only(person)).recurrence === null);
});

test('a time is done and undone, and done for good once its “Undo” has passed', async (t) => {
  const { page, person, made: [ferns] } = await withTasks(t, '/tasks', [FERNS]);
  const tick = () => press(page, 'Mark “Water the ferns” as completed');
  await tick();
  await sees(page, 'Completed “Water the ferns” for this time');
  await page.waitForSelector('.tick[aria-checked=true]');
  await press(page, 'Undo');
  await page.waitForSelector('.tick[aria-checked=false]');
  await tick();
  await page.waitForSelector('.tick[aria-checked=true]');
  // The tick itself undoes it, too.
  await press(page, 'Reopen “Water the ferns”');
  await page.waitForSelector('.tick[aria-checked=false]');
  assert.equal((await only(person)).dueDate, ferns.dueDate);
  await tick();
  await sees(page, '“Water the ferns” is due next');
  await page.waitForSelector('.tick[aria-checked=false]');
  const { dueDate, status } = await only(person);
  assert.deepEqual([Date.parse(dueDate) - Date.parse(ferns.dueDate), status], [86_400_000, 'todo']);
  assert.deepEqual((await history(person)).map(({ outcome }) => outcome), ['completed']);
});

test('leaving the page skips what was to be skipped, the last time ends the task, and the history tells all', async (t) => {
  const { page, person, made: [ferns] } = await withTasks(t, '/tasks', [{ ...FERNS, recurrence: { ...DAILY, rrule: 'FREQ=DAILY;COUNT=2' } }]);
  await openTask(page, ferns);
  await sees(page, 'Repeats every day, 2 times');
  await press(page, 'Skip this time', 'dialog');
  await sees(page, 'Skipped “Water the ferns” for this time');
  await page.goto(`${WEB}/notifications`);
  await until('it is skipped', async () => (await history(person)).length === 1);
  await openTask(page, ferns);
  await press(page, 'Done this time', 'dialog');
  await sees(page, 'That was the last time of “Water the ferns”');
  assert.equal((await only(person)).status, 'completed');
  await openTask(page, ferns);
  await click(page, 'dialog summary');
  await page.waitForSelector('.history li');
  const lines = await page.$$eval('.history li .chip', (all) => all.map((it) => it.innerText));
  assert.deepEqual(lines, ['Done', 'Skipped']);
});

test('a long history comes in pages', async (t) => {
  const { page, person, made: [ferns] } = await withTasks(t, '/tasks', [FERNS]);
  for (let times = 0; times < 51; times += 1) await person.call('POST', `/tasks/${ferns.id}/skip`, {});
  await openTask(page, ferns);
  await click(page, 'dialog summary');
  await page.waitForFunction(() => document.querySelectorAll('.history li').length === 50);
  await press(page, 'Show earlier ones', 'dialog');
  await page.waitForFunction(() => document.querySelectorAll('.history li').length === 51);
});

test('a time that was done elsewhere, a task that is over, and a lost connection are told', async (t) => {
  const { page, person, complaints, made: [ferns] } = await withTasks(t, '/tasks', [FERNS], { refused: [409] });
  await page.waitForSelector('.tick');
  await person.call('PUT', `/tasks/${ferns.id}`, { status: 'completed' });
  const after = await only(person);
  await press(page, 'Mark “Water the ferns” as completed');
  await sees(page, '“Water the ferns” was done elsewhere already');
  assert.equal((await only(person)).dueDate, after.dueDate);

  await openTask(page, ferns);
  await sees(page, 'Skip this time');
  await person.call('PUT', `/tasks/${ferns.id}`, { status: 'completed', recurrence: null });
  await press(page, 'Skip this time', 'dialog');
  await sees(page, 'It is no longer open: it was completed, skipped or ended in the meantime.');

  await person.call('PUT', `/tasks/${ferns.id}`, { status: 'todo', recurrence: DAILY });
  await page.goto(`${WEB}/tasks`);
  await page.waitForSelector('.tick');
  await page.setOfflineMode(true);
  await press(page, 'Mark “Water the ferns” as completed');
  await sees(page, 'You are offline. Try again when you are connected.');
  await page.waitForSelector('.tick[aria-checked=false]');
  await page.setOfflineMode(false);
  complaints.splice(0, complaints.length, ...complaints.filter((it) => !it.includes('ERR_INTERNET_DISCONNECTED')));
});

test('a rule that was changed elsewhere meets both versions', async (t) => {
  const { page, person, context, complaints, foreign, made: [ferns] } = await withTasks(t, '/tasks', [FERNS], { refused: [412] });
  const second = await open(context, `/tasks?task=${ferns.id}`, { complaints, foreign });
  await second.waitForSelector('dialog [name=repeat]');
  await person.call('PUT', `/tasks/${ferns.id}`, { recurrence: { rrule: 'FREQ=WEEKLY', anchor: 'due' } });
  await fill(second, { repeat: 'year' }, 'dialog');
  await press(second, 'Save', 'dialog form');
  await sees(second, 'This task was changed elsewhere');
  const row = await second.$eval('.conflict tbody tr', (it) => [...it.cells].map((cell) => cell.innerText));
  assert.deepEqual(row, ['Repeats', 'every year', 'every week']);
  await press(second, 'Save mine over it');
  await until('mine is kept', async () => (await only(person)).recurrence.rrule === 'FREQ=YEARLY');
  await page.close();
});

test('a recurring task by keys alone', async (t) => {
  const { page, person } = await member(t, '/dashboard');
  await page.keyboard.press('n');
  await page.waitForSelector('dialog [name=title]');
  await page.keyboard.type('Water the ferns');
  await tabTo(page, /^day$/);
  await page.keyboard.type('01012031');
  await page.waitForSelector('[name=repeat]');
  await tabTo(page, /^repeat$/);
  await page.keyboard.type('Every week');
  await tabTo(page, /^Create$/);
  await page.keyboard.press('Enter');
  await until('it recurs', async () => /^FREQ=WEEKLY/.test((await only(person))?.recurrence?.rrule ?? ''));
});
