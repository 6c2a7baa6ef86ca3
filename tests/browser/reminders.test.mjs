// Reminders in the web app: by a time of their own or before the due date, snoozed, and what became of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { day, fill, go, press, sees, tabTo, tap, until, WEB, withTasks } from './support/web.mjs';

const HOUR = 3_600_000;
const at = (hours) => new Date(Date.now() + hours * HOUR).toISOString();
const reminders = async (person) => (await person.call('GET', '/reminders')).reminders;

/** A task that is due in 50 hours, open in the app, with reminders made outside of it. */
async function withReminders(t, bodies, how) {
  const seen = await withTasks(t, '/tasks', [{ title: 'Repeat chapter 3', dueDate: at(50) }], how);
  const [task] = seen.made;
  const made = [];
  for (const body of bodies) made.push((await seen.person.call('POST', '/reminders', { taskId: task.id, ...body })).reminder);
  await seen.page.goto(`${WEB}/tasks?task=${task.id}`);
  await sees(seen.page, 'Add a reminder');
  return { ...seen, task, reminders: made };
}

test('a reminder is planned, mailed, and its receipt is told in words', async (t) => {
  const { page, person, made } = await withTasks(t, '/tasks', [{ title: 'Repeat chapter 3', dueDate: day(3) }]);
  await go(page, `/tasks?task=${made[0].id}`);
  await press(page, 'Add a reminder');
  await fill(page, { offset: 'own' }, '.inset');
  await fill(page, { day: day(-2), time: '09:00', message: 'Ten minutes are enough' }, '.inset');
  await press(page, 'Save', '.inset');
  await sees(page, 'Choose a time that lies ahead.');
  await fill(page, { day: day(2) }, '.inset');
  await press(page, 'Save', '.inset');
  await sees(page, 'Mail planned for');
  const soon = new Date(Date.now() + 600_000).toISOString();
  await person.call('POST', '/reminders', { taskId: made[0].id, scheduledAt: soon, type: 'email' });
  await person.mail('Repeat chapter 3');
  await until('the receipt is there', async () => (await person.call('GET', '/reminders')).reminders.some(({ delivery }) => delivery.state === 'sent'));
  await page.goto(`${WEB}/reminders?show=past`);
  await sees(page, 'Mailed');
  assert.match(await page.evaluate(() => document.body.innerText), /Mailed (on time|\d+ \w+ after its time)/);
  await page.goto(`${WEB}/reminders`);
  await press(page, 'Edit the reminder of “Repeat chapter 3”');
  await fill(page, { message: 'Cards 20 to 45' }, 'dialog');
  await press(page, 'Save', 'dialog');
  await sees(page, 'Cards 20 to 45');
  await press(page, 'Skip Reminder of “Repeat chapter 3”');
  await sees(page, 'Reminder skipped');
  await until('it is skipped', async () => (await person.call('GET', '/reminders')).reminders.some(({ status }) => status === 'skipped'));
  await page.goto(`${WEB}/reminders?show=past`);
  await sees(page, 'No mail was sent: you skipped it');
  await page.goto(`${WEB}/notifications`);
  await sees(page, 'Coming up');
  await press(page, 'Mark all as read');
  await until('the count is 0', async () => (await person.call('GET', '/notifications/count')).count === 0);
  await page.goto(`${WEB}/analytics`);
  await sees(page, '1 day');
  const table = await page.$$eval('.chart table', ([it]) => [...it.rows].slice(1).map((row) => row.innerText.split('\t')));
  assert.equal(table.length, 7);
  assert.equal(table.at(-1)[1].trim(), '1');
});

test('a reminder before the due date moves with it, and becomes one of its own', async (t) => {
  const { page, person, task } = await withReminders(t, []);
  const due = Date.parse(task.dueDate);
  await press(page, 'Add a reminder');
  await fill(page, { offset: '1440', lead: '10' }, '.inset');
  await press(page, 'Save', '.inset');
  const first = await until('it is made', async () => (await reminders(person))[0]);
  assert.deepEqual([first.offsetMinutes, first.leadMinutes, due - Date.parse(first.scheduledAt)], [1440, 10, 24 * HOUR]);

  await person.call('PUT', `/tasks/${task.id}`, { dueDate: at(74) });
  await page.reload();
  await page.waitForFunction(() => document.querySelector('dialog .line')?.innerText.includes('1 day before it is due'));
  await tap(page, 'dialog .row-actions button:nth-of-type(2)');
  await fill(page, { offset: 'other' }, '.inset');
  await fill(page, { offsetNumber: '29', offsetUnit: 'day' }, '.inset');
  await press(page, 'Save', '.inset');
  await sees(page, 'Enter a whole number; 28 days at most.');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'offsetNumber');
  await fill(page, { offsetNumber: '90', offsetUnit: 'minute' }, '.inset');
  await press(page, 'Save', '.inset');
  await sees(page, '90 minutes before it is due');
  const [moved] = await reminders(person);
  assert.deepEqual([moved.offsetMinutes, Math.round((Date.parse(moved.scheduledAt) - due) / HOUR * 10)], [90, 225]);

  await tap(page, 'dialog .row-actions button:nth-of-type(2)');
  await fill(page, { offset: 'own' }, '.inset');
  await press(page, 'Save', '.inset');
  await until('it has a time of its own', async () => (await reminders(person))[0].offsetMinutes === null);
  assert.equal((await reminders(person))[0].scheduledAt, moved.scheduledAt);
});

test('a reminder whose time before the due date has passed is refused beside its field', async (t) => {
  const { page } = await withReminders(t, []);
  await press(page, 'Add a reminder');
  await fill(page, { offset: '10080' }, '.inset');
  await press(page, 'Save', '.inset');
  await sees(page, 'Choose a time that lies ahead.');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'offset');
});

test('clearing a due date that reminders depend on is refused with what to do', async (t) => {
  const { page } = await withReminders(t, [{ offsetMinutes: 60 }], { refused: [409] });
  await fill(page, { day: '' }, 'dialog');
  await press(page, 'Save', 'dialog form');
  await sees(page, 'Give them a time of their own or delete them first.');
});

test('a reminder is snoozed for an hour, until the morning, and until a time of choice', async (t) => {
  const { page, person } = await withReminders(t, [{ scheduledAt: at(30), leadMinutes: 60 }]);
  await page.goto(`${WEB}/reminders`);
  const snooze = async (choose) => {
    await tap(page, '.reminder .row-actions button');
    await page.waitForSelector('dialog .inset');
    await choose();
    await page.waitForFunction(() => !document.querySelector('dialog'));
    return until('it is snoozed', async () => (await reminders(person)).find(({ snoozedUntil }) => snoozedUntil));
  };
  const hour = await snooze(() => press(page, 'In an hour', 'dialog'));
  assert.ok(Math.abs(Date.parse(hour.snoozedUntil) - Date.now() - HOUR) < 60_000);
  await sees(page, 'Snoozed until');
  await press(page, 'Undo');
  await until('it is as it was', async () => (await reminders(person))[0].snoozedUntil === null);
  await page.waitForFunction(() => !document.querySelector('.reminder .chip:not(.pending)'));

  const morning = await snooze(() => press(page, 'Tomorrow morning, 05:00', 'dialog'));
  const local = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Kolkata', hour: '2-digit', minute: '2-digit' });
  assert.equal(local.format(Date.parse(morning.snoozedUntil)), '05:00');

  await tap(page, '.reminder .row-actions button');
  await fill(page, { day: day(40), time: '09:00' }, 'dialog');
  await press(page, 'Until then', 'dialog');
  await sees(page, 'Choose a time that lies ahead, within 28 days.');
  await fill(page, { day: day(5) }, 'dialog');
  // Enter in a field is “Until then”.
  await page.focus('dialog [name=time]');
  await page.keyboard.press('Enter');
  await until('it is put off', async () => (await reminders(person))[0].snoozedUntil?.startsWith(day(5)));
  await page.waitForFunction(() => document.querySelector('.reminder .chip:not(.pending)')?.textContent === 'Snoozed');
});

test('a reminder that was mailed is snoozed from its task, and mailed once more', async (t) => {
  const { page, person } = await withReminders(t, [{ scheduledAt: at(0.2), message: 'Cards 20 to 45' }]);
  await person.mail('Repeat chapter 3');
  await until('it is done', async () => (await reminders(person))[0].status === 'completed');
  await page.reload();
  await sees(page, 'Done');
  await tap(page, 'dialog .row-actions button');
  await press(page, 'In an hour', 'dialog');
  await until('it is planned again', async () => (await reminders(person))[0].status === 'pending');
  // The focus is back where it was.
  assert.equal(await page.evaluate(() => document.activeElement.innerText.startsWith('Snooze')), true);
});

test('a reminder that was changed elsewhere is not snoozed over, and can be at the second try', async (t) => {
  const { page, person, reminders: [reminder] } = await withReminders(t, [{ scheduledAt: at(30) }], { refused: [412] });
  await tap(page, 'dialog .row-actions button');
  await page.waitForSelector('dialog .inset');
  await person.call('PUT', `/reminders/${reminder.id}`, { message: 'From elsewhere' });
  await press(page, 'In an hour', 'dialog');
  await sees(page, 'It was changed elsewhere in the meantime, so your change was not saved.');
  await sees(page, 'From elsewhere');
  await press(page, 'In an hour', 'dialog');
  await until('it is snoozed', async () => (await reminders(person))[0].snoozedUntil);
});

test('a snooze and a new reminder by keys alone', async (t) => {
  const { page, person } = await withReminders(t, []);
  await tabTo(page, /^Add a reminder/);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.inset [name=offset]');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'offset');
  await tabTo(page, /^message$/);
  await page.keyboard.type('Cards 20 to 45');
  await page.keyboard.press('Enter');
  await until('it is made', async () => (await reminders(person))[0]?.offsetMinutes === 60);
  await page.waitForFunction(() => document.activeElement?.innerText.includes('Add a reminder'));
  await page.keyboard.down('Shift');
  for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press('Tab');
  await page.keyboard.up('Shift');
  await tabTo(page, /^Snooze/);
  await page.keyboard.press('Enter');
  await tabTo(page, /^In an hour/);
  await page.keyboard.press('Enter');
  await until('it is snoozed', async () => (await reminders(person))[0].snoozedUntil);
});
