// What a phone shows: everything is within reach, nothing is cut off or under the bar at the foot.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { click, fill, focused, go, member, press, sees, until, withTasks } from './support/web.mjs';

const PHONE = { width: 320, height: 640 };

test('the menu of a phone makes a task and says which zone times are in', async (t) => {
  const { page, person } = await member(t, '/tasks', PHONE);
  await page.emulateTimezone('Europe/Berlin');
  await page.setViewport({ ...PHONE, hasTouch: true, isMobile: true });
  await go(page, '/tasks');
  await sees(page, 'Nothing here yet');
  assert.doesNotMatch(await page.evaluate(() => document.body.innerText), /Press n/, 'a phone has no keys');
  await press(page, 'More', '.foot');
  await sees(page, 'Times are in Asia/Kolkata');
  await press(page, 'New task', 'dialog');
  await fill(page, { title: 'Water the ferns' }, 'dialog');
  await press(page, 'Create', 'dialog');
  await sees(page, 'Added “Water the ferns”');
  await until('it is kept', async () => (await person.tasks()).length === 1);
  assert.equal(await page.$('dialog'), null);
});

test('what has the focus is above the bar at the foot', async (t) => {
  const tasks = Array.from({ length: 12 }, (_, index) => ({ title: `Task ${index}` }));
  const { page } = await withTasks(t, '/tasks', tasks, PHONE);
  const covered = [];
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab');
    const isCovered = await page.evaluate(() => {
      const { activeElement: it } = document;
      return !it.closest('.foot') && it !== document.body && it.getBoundingClientRect().bottom > document.querySelector('.foot').getBoundingClientRect().top;
    });
    if (isCovered) covered.push(await focused(page));
  }
  assert.deepEqual(covered, []);
});

/** The choices and placeholders on a page that are wider than their field. Zones and categories may be of any length. */
const cut = (page) => page.evaluate(() => {
  const context = document.createElement('canvas').getContext('2d');
  const measure = (it, texts, extra) => {
    const { font, paddingLeft, paddingRight } = getComputedStyle(it);
    context.font = font;
    const room = it.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight) - extra;
    return texts.filter((text) => context.measureText(text).width > room);
  };
  // Beside the text a list has its arrow.
  const choices = [...document.querySelectorAll('select:not([name=zone], [name=category])')].flatMap((it) => measure(it, [...it.options].map(({ text }) => text), 16));
  const placeholders = [...document.querySelectorAll('[placeholder]')].flatMap((it) => measure(it, [it.placeholder], 0));
  const dates = [...document.querySelectorAll('[type=date], [type=time]')].flatMap((it) => measure(it, ['mm/dd/yyyy'], 24));
  return [...choices, ...placeholders, ...dates];
});

test('no choice, date or placeholder is cut off', async (t) => {
  for (const width of [320, 360]) {
    const { page, made } = await withTasks(t, '/tasks', [{ title: 'Water the ferns', dueDate: '2031-03-15' }], { ...PHONE, width });
    await click(page, '.filters summary');
    assert.deepEqual(await cut(page), [], `/tasks at ${width}`);
    await go(page, '/tasks?task=new&on=2031-03-15');
    await fill(page, { repeat: 'custom' }, 'dialog');
    for (const ends of ['count', 'until']) {
      await fill(page, { unit: 'month', ends }, 'dialog');
      await page.waitForSelector(`dialog [name=${ends === 'count' ? 'count' : 'untilDay'}]`);
      assert.deepEqual(await cut(page), [], `a rule with ${ends} at ${width}`);
    }
    await go(page, `/tasks?task=${made[0].id}`);
    await press(page, 'Add a reminder', 'dialog');
    await fill(page, { offset: 'other', lead: 'other' }, '.inset');
    await page.waitForSelector('.inset [name=leadNumber]');
    assert.deepEqual(await cut(page), [], `a reminder at ${width}`);
  }
});

test('long words stay within a dialog, a row and the bar at the foot', async (t) => {
  const rrule = `FREQ=YEARLY;BYMONTHDAY=${Array.from({ length: 28 }, (_, index) => index + 1).join(',')};BYSETPOS=1,2,3,4,5,6,7,8,9`;
  const category = 'C'.repeat(50);
  const { page, made } = await withTasks(t, '/tasks', [{ title: 'By a rule', dueDate: '2031-03-15', category, recurrence: { rrule, anchor: 'due' } }], PHONE);
  const wide = (selector) => page.$$eval(selector, (all) => all.filter((it) => it.scrollWidth > it.clientWidth).map((it) => it.className || it.tagName));
  await sees(page, 'By a rule');
  assert.deepEqual(await wide('.foot .nav, .meta, .task'), []);
  assert.equal(await page.$eval('.chip[title]', (it) => it.title), category);
  assert.equal(await page.$eval('.chip[title] > span', (it) => getComputedStyle(it).textOverflow), 'ellipsis');
  await go(page, `/tasks?task=${made[0].id}`);
  await page.waitForSelector('dialog [name=rule]');
  assert.deepEqual(await wide('dialog'), []);
});
