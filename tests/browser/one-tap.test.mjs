// The buttons of a reminder's mail: the mail and the page behind it, on a small phone, in the dark, without script.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { launch } from './support/chromium.mjs';
import { PASSWORD, Person } from './support/person.mjs';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PATIENCE_MS = 15_000;
const TITLE = 'Water the ferns in the hall and the cactus on the windowsill of the kitchen';
const SUBJECT = `Reminder: ${TITLE}`;

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** Somebody whose address is verified, and whose reminder has been mailed. */
async function reminded() {
  const person = await Person.registered();
  await person.signInOutsideTheBrowser();
  const link = new URL(await person.link('Verify Your Email', 'verify-email'), 'http://app');
  await person.call('POST', '/auth/verify-email', { token: link.searchParams.get('token'), password: PASSWORD });
  const at = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
  const { task } = await person.call('POST', '/tasks', { title: TITLE, dueDate: at(50) });
  await person.call('POST', '/reminders', { taskId: task.id, offsetMinutes: 5 });
  return { person, mail: await person.mail(SUBJECT) };
}

/** A page on a small phone; its console must stay empty but for links that do not work. */
async function phone(t, { theme = 'light', script = false } = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const complaints = [];
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('console', (message) => {
    if (!message.text().includes('the server responded with a status of 400')) complaints.push(message.text());
  });
  await page.setViewport({ width: 320, height: 568 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
  await page.setJavaScriptEnabled(script);
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });
  return page;
}

const shown = (page) => page.$eval('body', (it) => it.innerText);

async function press(page, value) {
  await Promise.all([page.waitForNavigation(), page.click(`button[value="${value}"]`)]);
}

/** What is wider than the phone, smaller than a finger, or that axe finds. */
async function faults(page) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  const small = await page.$$eval('button', (all) => all.filter((it) => it.getBoundingClientRect().height < 44).map((it) => it.innerText));
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
  const found = violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`));
  return [...(wide > 0 ? [`${wide} px too wide`] : []), ...small.map((it) => `${it} is too small`), ...found];
}

test('a button of the mail leads to its page, which acts and undoes without script', async (t) => {
  const { person, mail } = await reminded();
  const page = await phone(t);
  await page.setContent(mail.html);
  const [done] = await page.$$('a[href*="/api/act"]');
  assert.equal(await done.evaluate((it) => it.innerText), 'Done');
  await Promise.all([page.waitForNavigation(), done.click()]);
  assert.match(await shown(page), /Nothing changes until you press a button/);
  assert.equal((await person.tasks())[0].status, 'todo');
  await press(page, 'done');
  assert.match(await shown(page), /^Done\n[\s\S]*You can undo this until/);
  assert.equal((await person.tasks())[0].status, 'completed');
  // As when the page is left and loaded again: the form is not sent a second time.
  await page.goto(mail.text.match(/http\S+action=done/)[0]);
  assert.match(await shown(page), /^Done\n/);
  await press(page, 'undo');
  assert.match(await shown(page), /^Undone\n/);
  assert.equal((await person.tasks())[0].status, 'todo');
});

for (const theme of ['light', 'dark']) {
  test(`the mail and its pages are readable on a small phone in the ${theme} theme`, async (t) => {
    const { mail } = await reminded();
    const page = await phone(t, { theme, script: true });
    await page.setContent(mail.html);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, 'the mail fits');
    await page.goto(mail.text.match(/http\S+action=in-an-hour/)[0]);
    const ground = await page.$eval('body', (it) => getComputedStyle(it).backgroundColor);
    assert.equal(ground, theme === 'dark' ? 'rgb(18, 20, 26)' : 'rgb(246, 247, 251)');
    // Our policy lets the page run no script; the test's own is no page's.
    await page.setBypassCSP(true);
    await page.reload();
    assert.deepEqual(await faults(page), [], 'the buttons');
    await press(page, 'in-an-hour');
    assert.deepEqual(await faults(page), [], 'after a press');
    await press(page, 'undo');
    assert.deepEqual(await faults(page), [], 'after an undo');
    await page.goto(mail.text.match(/http\S+unsubscribe\S+/)[0]);
    assert.deepEqual(await faults(page), [], 'the page that unsubscribes');
    await page.goto(`${new URL(page.url()).origin}/api/act?token=x`);
    assert.deepEqual(await faults(page), [], 'a link that does not work');
  });
}
