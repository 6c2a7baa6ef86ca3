// What holds on every page: axe finds nothing, nothing is wider than a small phone, keys are enough, it is quick and small.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import { click, fill, focused, go, member, open, press, sees, tabTo, until, visit, WEB } from './support/web.mjs';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const OUTSIDE = ['/login', '/register', '/verify-otp', '/verify-email', '/reset-password', '/reset-password?token=abc', '/nowhere'];
const INSIDE = ['/dashboard', '/tasks', '/tasks?task=new', '/reminders', '/reminders?show=reviews', '/calendar', '/notifications', '/analytics', '/settings'];
const THEMES = ['light', 'dark'];

const theme = (value) => ({ features: [{ name: 'prefers-color-scheme', value }] });

/** Somebody with something on every page; signed in. */
async function resident(t, how) {
  const seen = await member(t, '/dashboard', how);
  const { person } = seen;
  await person.signInOutsideTheBrowser();
  const now = Date.now();
  const at = (hours) => new Date(now + hours * 3_600_000).toISOString();
  const tasks = [
    { title: 'Water the ferns', dueDate: at(-30), priority: 'high', category: 'Garden' },
    { title: 'A title that is as long as a title may be when somebody writes all of it down at once '.repeat(2), dueDate: at(30), link: 'https://example.com/' },
    { title: 'Read a novel', status: 'in-progress', priority: 'low', description: 'Twenty pages' },
    { title: 'Call the plumber', status: 'completed' },
    { title: 'Water the mosses', dueDate: at(60), recurrence: { rrule: 'FREQ=MONTHLY;BYDAY=-1FR;COUNT=9', anchor: 'completion', timezone: 'Europe/Berlin' } },
  ];
  const made = [];
  for (const task of tasks) made.push((await person.call('POST', '/tasks', task)).task);
  await person.call('POST', '/reminders', { taskId: made[1].id, scheduledAt: at(20), type: 'both', message: 'Bring the keys' });
  await person.call('POST', '/reminders', { taskId: made[2].id, scheduledAt: at(0.2) });
  await person.call('POST', '/reminders', { taskId: made[4].id, offsetMinutes: 90, leadMinutes: 10, type: 'push' });
  const { reminder } = await person.call('POST', '/reminders', { taskId: made[4].id, scheduledAt: at(40) });
  await person.call('POST', `/reminders/${reminder.id}/snooze`, { minutes: 120 });
  await person.call('POST', `/tasks/${made[4].id}/skip`, {});
  const { task: { plan } } = await person.call('PUT', `/tasks/${made[2].id}/plan`, { kind: 'fixed', days: [1, 3, 7] });
  await person.call('PUT', `/reminders/${plan.reminderId}`, { scheduledAt: at(0.05) });
  await person.call('PUT', `/tasks/${made[4].id}`, { status: 'completed' });
  await until('a notification', async () => (await person.call('GET', '/notifications/count')).count >= 1);
  return { ...seen, made };
}

/** Pages on which something is open, each with what opens it. */
const opened = (made) => [
  [`/tasks?task=${made[1].id}`, () => undefined],
  ['/tasks?task=new&on=2031-03-15', async (page) => {
    await fill(page, { repeat: 'custom' }, 'dialog');
    await fill(page, { unit: 'week', ends: 'count' }, 'dialog');
    await page.waitForSelector('dialog [name=count]');
  }],
  [`/tasks?task=${made[4].id}`, async (page) => {
    await click(page, 'dialog summary');
    await page.waitForSelector('.history li');
    await press(page, 'Add a reminder', 'dialog');
    await fill(page, { offset: 'other', lead: 'other' }, '.inset');
    await page.waitForSelector('.inset [name=leadNumber]');
  }],
  [`/tasks?task=${made[2].id}`, async (page) => {
    await press(page, 'Change the plan', 'dialog');
    await page.waitForSelector('.inset [name=days]');
  }],
  ['/reminders', async (page) => {
    await click(page, '.reminder .row-actions button');
    await page.waitForSelector('dialog .inset');
  }],
];

async function findings(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`));
}

for (const value of THEMES) {
  test(`axe finds nothing on any page in the ${value} theme`, async (t) => {
    const outside = await visit(t, '/login', theme(value));
    for (const path of OUTSIDE) {
      await go(outside.page, path);
      assert.deepEqual(await findings(outside.page), [], path);
    }
    const { page, made } = await resident(t, theme(value));
    for (const path of INSIDE) {
      await go(page, path);
      assert.deepEqual(await findings(page), [], path);
    }
    for (const [path, show] of opened(made)) {
      await go(page, path);
      await show(page);
      assert.deepEqual(await findings(page), [], path);
    }
  });
}

test('no page is wider than 320 pixels', async (t) => {
  const narrow = { width: 320, height: 640 };
  const outside = await visit(t, '/login', narrow);
  const overflow = (page) => page.evaluate(() => {
    const wide = [...document.querySelectorAll('body *')].filter((it) => it.getBoundingClientRect().right > innerWidth + 1 && !it.closest('.hidden, .skip') && it.checkVisibility());
    return document.documentElement.scrollWidth > innerWidth ? wide.map((it) => `${it.tagName}.${it.className}`) : [];
  });
  for (const path of OUTSIDE) {
    await go(outside.page, path);
    assert.deepEqual(await overflow(outside.page), [], path);
  }
  const { page, made } = await resident(t, narrow);
  for (const path of INSIDE) {
    await go(page, path);
    assert.deepEqual(await overflow(page), [], path);
  }
  for (const [path, show] of opened(made)) {
    await go(page, path);
    await show(page);
    assert.deepEqual(await overflow(page), [], path);
  }
  await go(page, '/dashboard');
  await press(page, 'More', '.foot');
  await press(page, 'Settings', 'dialog');
  await sees(page, 'Time zone');
});

test('a task is made, completed and found by keys alone', async (t) => {
  const { page, person } = await member(t, '/dashboard');
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Skip to the content');
  await page.keyboard.press('n');
  await page.waitForSelector('dialog[open]');
  assert.equal(await focused(page), 'title');
  await page.keyboard.type('Water the ferns');
  await page.keyboard.press('Enter');
  await sees(page, 'Added “Water the ferns”');
  assert.equal(await page.$('dialog'), null);
  await page.keyboard.press('/');
  await page.waitForFunction(() => document.activeElement?.type === 'search');
  await page.keyboard.type('ferns');
  await page.waitForSelector('.task .tick');
  await tabTo(page, /^Mark “Water the ferns” as completed/);
  await page.keyboard.press('Space');
  await until('it is completed', async () => (await person.tasks())[0].status === 'completed');
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press('?');
  await sees(page, 'Keyboard shortcuts');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.querySelector('dialog'));
});

test('single keys can be turned off', async (t) => {
  const { page } = await member(t, '/settings');
  await press(page, 'Single-key shortcuts (n, /, ?)');
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('n');
  await page.keyboard.press('?');
  assert.equal(await page.$('dialog'), null);
});

test('with forced colours the chosen, the done and the bars are still seen', async (t) => {
  const { page } = await resident(t, {});
  const session = await page.createCDPSession();
  await session.send('Emulation.setEmulatedMedia', { features: [{ name: 'forced-colors', value: 'active' }] });
  await go(page, '/tasks?status=all');
  const style = (selector, name) => page.$eval(selector, (it, property) => getComputedStyle(it)[property], name);
  assert.notEqual(await style('.nav[aria-current]', 'outlineStyle'), 'none');
  assert.notEqual(await style('.segments [aria-pressed=true]', 'outlineStyle'), 'none');
  const ticks = await page.evaluate(() => ['true', 'false'].map((state) => getComputedStyle(document.querySelector(`.tick[aria-checked=${state}]`), '::before').backgroundColor));
  assert.notEqual(ticks[0], ticks[1]);
  await go(page, '/analytics');
  const bars = await page.evaluate(() => ['.bar:not(.none)', '.bar.none'].map((it) => getComputedStyle(document.querySelector(it)).fill));
  assert.notEqual(bars[0], bars[1]);
});

test('what is shown is described to who does not see it', async (t) => {
  const { page } = await resident(t, {});
  await go(page, '/analytics');
  const { children } = await page.accessibility.snapshot({ interestingOnly: false });
  const names = JSON.stringify(children);
  for (const wanted of ['Reminders done, last 7 days', 'Current streak', 'Tasks by category', 'Garden']) {
    assert.ok(names.includes(wanted), wanted);
  }
});

/** In the page, before anything else: notes what the browser itself measures. */
const OBSERVE = `
  window.measured = { paint: 0, shift: 0, blocking: 0 };
  new PerformanceObserver((list) => { for (const it of list.getEntries()) measured.paint = it.startTime; }).observe({ type: 'largest-contentful-paint', buffered: true });
  new PerformanceObserver((list) => { for (const it of list.getEntries()) if (!it.hadRecentInput) measured.shift += it.value; }).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((list) => { for (const it of list.getEntries()) measured.blocking += Math.max(0, it.duration - 50); }).observe({ type: 'longtask', buffered: true });
`;

test('every page is painted within a second, holds still and does not block', async (t) => {
  const { context, complaints, foreign } = await resident(t, {});
  const slow = [];
  for (const path of ['/login', ...INSIDE]) {
    // The best of up to eight: another process of the machine may take the processor at any time.
    const tries = [];
    const best = (name) => Math.min(...tries.map((it) => it[name]));
    const isGood = () => tries.length > 0 && best('paint') <= 1000 && best('shift') <= 0.02 && best('blocking') <= 50;
    for (let round = 0; round < 8 && !isGood(); round += 1) {
      const page = await open(context, path, { script: OBSERVE, complaints, foreign });
      await page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('.skeleton'));
      tries.push(await page.evaluate(() => window.measured));
      await page.close();
    }
    const found = { paint: Math.round(best('paint')), shift: Number(best('shift').toFixed(4)), blocking: Math.round(best('blocking')) };
    t.diagnostic(`${path}: largest paint ${found.paint} ms, layout shift ${found.shift}, blocking ${found.blocking} ms`);
    if (!isGood()) slow.push({ path, ...found });
  }
  assert.deepEqual(slow, []);
});

test('the script is at most 100 KB, compressed, and the page carries its headers', async (t) => {
  const { page } = await visit(t, '/login');
  const scripts = await page.evaluate(() => performance.getEntriesByType('resource').filter(({ initiatorType, name }) => initiatorType === 'script' || name.endsWith('.js')).map(({ name, encodedBodySize }) => ({ name, encodedBodySize })));
  const bytes = scripts.reduce((sum, it) => sum + it.encodedBodySize, 0);
  t.diagnostic(`${bytes} bytes of script`);
  assert.ok(bytes > 10_000 && bytes <= 100 * 1024, JSON.stringify(scripts));
  const answer = await fetch(`${WEB}/tasks`);
  const policy = answer.headers.get('content-security-policy');
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.ok(!policy.includes('unsafe'));
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  assert.equal((await fetch(`${WEB}/assets/none.js`)).status, 404);
  assert.equal((await fetch(`${WEB}/tasks`, { method: 'POST' })).status, 405);
});

test('it can be installed', async (t) => {
  const { page } = await visit(t, '/login');
  const session = await page.createCDPSession();
  const { errors } = await session.send('Page.getAppManifest');
  assert.deepEqual(errors, []);
  await page.evaluate(() => navigator.serviceWorker.ready);
  assert.ok(await page.evaluate(() => Boolean(navigator.serviceWorker.controller) || navigator.serviceWorker.ready));
});
