// Tasks and their files, in the web app.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

import { click, day, fill, focused, go, member, open, press, sees, seesNoMore, until, WEB, withTasks } from './support/web.mjs';

const CAT = resolve(import.meta.dirname, '../../media/tests/files/cat.jpg');

const titles = async (person) => (await person.tasks()).map(({ title }) => title);

test('a task is made with every field, found, changed, completed and reopened', async (t) => {
  const { page, person } = await member(t, '/tasks');
  await sees(page, 'Nothing here yet');
  await page.keyboard.press('n');
  const early = { title: 'Too early', day: day(2) };
  await fill(page, early, 'dialog');
  await fill(page, { remind: '10080' }, 'dialog');
  await press(page, 'Create', 'dialog');
  await sees(page, 'Choose a time that lies ahead.');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'remind');
  assert.equal((await person.tasks()).length, 0);
  const fields = { title: 'Water the ferns', description: 'All of them', day: day(2), time: '08:30', priority: 'high' };
  await fill(page, { ...fields, category: 'Garden', link: 'https://example.com/ferns', remind: '60' }, 'dialog');
  await press(page, 'Create', 'dialog');
  await sees(page, 'Water the ferns');
  const [task] = await until('the reminder is there', async () => {
    const all = await person.tasks();
    return all[0]?.reminders.length === 1 && all;
  });
  const { title, description, priority, category, link, dueDate, reminders } = task;
  assert.deepEqual({ title, description, priority, category, link }, { title: 'Water the ferns', description: 'All of them', priority: 'high', category: 'Garden', link: 'https://example.com/ferns' });
  assert.equal(Date.parse(dueDate) - Date.parse(reminders[0].scheduledAt), 3_600_000);

  await press(page, 'Search tasks');
  await page.keyboard.type('mosses');
  await sees(page, 'No task matches');
  await page.evaluate(() => document.querySelector('[type=search]').select());
  await page.keyboard.type('FERNS');
  await sees(page, 'Water the ferns');

  await click(page, '.task .about');
  await fill(page, { title: 'Water the mosses', description: '', day: day(4) }, 'dialog');
  await press(page, 'Save', 'dialog');
  await sees(page, 'Saved');
  const [changed] = await person.tasks();
  const moved = Date.parse(changed.dueDate) - Date.parse(dueDate);
  assert.deepEqual([changed.title, changed.description, moved], ['Water the mosses', null, 2 * 86_400_000]);
  assert.equal(Date.parse(changed.dueDate) - Date.parse(changed.reminders[0].scheduledAt), 3_600_000);

  await page.goto(`${WEB}/tasks`);
  await press(page, 'Mark “Water the mosses” as completed');
  await sees(page, 'Completed “Water the mosses”');
  await press(page, 'Undo');
  await until('it is open again', async () => (await person.tasks())[0].status === 'todo');
});

test('filters narrow the list, and the address keeps them', async (t) => {
  const { page } = await withTasks(t, '/tasks', [
    { title: 'Pay the rent', priority: 'high', category: 'Home', dueDate: day(1) },
    { title: 'Read a novel', priority: 'low', status: 'completed' },
    { title: 'Call the plumber', category: 'Home', dueDate: day(40) },
  ]);
  await sees(page, 'Pay the rent');
  assert.ok(!(await page.evaluate(() => document.body.innerText)).includes('Read a novel'));
  await press(page, 'Completed', '.segments');
  await sees(page, 'Read a novel');
  await press(page, 'All', '.segments');
  await click(page, 'summary');
  await fill(page, { category: 'Home', priority: 'high' }, '.filters');
  await seesNoMore(page, 'Call the plumber');
  await page.reload();
  await sees(page, 'Pay the rent');
  assert.equal(await page.$$eval('.task', (rows) => rows.length), 1);
  await press(page, 'Clear filters');
  await sees(page, 'Call the plumber');
});

test('a deleted task comes back with “Undo”, and is gone without', async (t) => {
  const { page, person, made } = await withTasks(t, '/tasks', [{ title: 'Water the ferns' }], { refused: [404] });
  const remove = async () => {
    await click(page, '.task .about');
    await press(page, 'Delete', 'dialog form');
    await sees(page, 'Deleted “Water the ferns”');
  };
  await remove();
  await press(page, 'Undo');
  await page.waitForSelector('.task');
  assert.equal((await titles(person)).length, 1);
  await remove();
  // Leaving the page makes it final.
  await page.goto(`${WEB}/calendar`);
  await until('it is deleted', async () => (await person.tasks()).length === 0);
  await page.goto(`${WEB}/tasks?task=${made[0].id}`);
  await sees(page, 'It no longer exists');
});

test('a change elsewhere meets both versions and a choice', async (t) => {
  const { page, person, context, made, complaints, foreign } = await withTasks(t, '/tasks', [{ title: 'Water the ferns' }], { refused: [412] });
  const edit = async (tab, title, also = {}) => {
    await tab.waitForSelector('dialog [name=title]');
    await fill(tab, { title, ...also }, 'dialog');
    await press(tab, 'Save', 'dialog');
  };
  const path = `/tasks?task=${made[0].id}`;
  await go(page, path);
  const second = await open(context, path, { complaints, foreign });
  await edit(second, 'Water the mosses', { category: 'Garden' });
  await sees(second, 'Saved');
  await page.bringToFront();
  await edit(page, 'Water the lichens');
  await sees(page, 'This task was changed elsewhere');
  const rows = await page.$$eval('.conflict tbody tr', (all) => all.map((it) => [...it.cells].map((cell) => cell.innerText)));
  // What only the other one changed is saved as it is there.
  assert.deepEqual(rows, [['Title', 'Water the lichens', 'Water the mosses'], ['Category', 'Garden', 'Garden']]);
  assert.deepEqual(await titles(person), ['Water the mosses']);
  await press(page, 'Save mine over it');
  await sees(page, 'Saved');
  const [{ title, category }] = await person.tasks();
  assert.deepEqual([title, category], ['Water the lichens', 'Garden']);
});

test('what was typed into a dialog is discarded only on purpose', async (t) => {
  const { page } = await member(t, '/tasks');
  const isOpen = () => page.evaluate(() => Boolean(document.querySelector('dialog [name=title]')));
  const asks = () => page.waitForFunction(() => document.querySelectorAll('dialog[open]').length === 2);
  const start = async () => {
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press('n');
    await page.waitForSelector('dialog [name=title]');
  };
  await start();
  await page.mouse.click(5, 400);
  await page.waitForFunction(() => !document.querySelector('dialog'), {}, 'nothing was typed');
  await start();
  await fill(page, { title: 'Half a task' }, 'dialog');
  await page.mouse.click(5, 400);
  assert.equal(await isOpen(), true);
  await page.keyboard.press('Escape');
  await asks();
  await sees(page, 'Discard your changes?');
  assert.equal(await focused(page), 'Keep editing');
  // Esc once more keeps the text, too.
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.querySelectorAll('dialog[open]').length === 1);
  assert.equal(await page.$eval('dialog [name=title]', (it) => it.value), 'Half a task');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'title');
  await press(page, 'Close', 'dialog');
  await asks();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('dialog[open]').length === 1);
  await press(page, 'Close', 'dialog');
  await asks();
  await press(page, 'Discard', 'dialog dialog');
  await page.waitForFunction(() => !document.querySelector('dialog'));
  await seesNoMore(page, 'Half a task');
});

test('text of every kind is shown as it was typed', async (t) => {
  const emoji = '🌿'.repeat(200);
  const rightToLeft = 'לקנות חלב <img src=x onerror="document.title=1"> & لبن'.padEnd(199, ' حليب').concat('ا');
  const { page, person } = await member(t, '/tasks', { refused: [400] });
  for (const title of [emoji, rightToLeft]) {
    await fill(page, { title }, '.quick');
    await press(page, 'Add');
    await sees(page, title);
  }
  assert.deepEqual((await titles(person)).toSorted(), [emoji, rightToLeft].toSorted());
  assert.equal(await page.$eval('.task .title', (it) => it.dir), 'auto');
  const isWide = () => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(await isWide(), false);
  // A character more than the API takes is refused beside the field, and stays in it.
  const long = 'x'.repeat(201);
  await fill(page, { title: long }, '.quick');
  await press(page, 'Add');
  await page.waitForSelector('.quick [aria-invalid=true]');
  assert.equal(await page.$eval('.quick input', (it) => it.value), long);
  await page.setViewport({ width: 320, height: 640 });
  assert.equal(await isWide(), false);
  for (const task of await person.tasks()) {
    await go(page, `/tasks?task=${task.id}`);
    assert.equal(await page.$eval('dialog [name=title]', (it) => it.value), task.title);
    assert.equal(await isWide(), false);
  }
});

test('a picture is uploaded with its progress, beyond the end of the access cookie, and deleted again', async (t) => {
  const { page, person, context, made } = await withTasks(t, '/tasks', [{ title: 'Find the cat' }]);
  await go(page, `/tasks?task=${made[0].id}`);
  const session = await page.createCDPSession();
  await session.send('Network.enable');
  // 150 kB a second: time enough to see the progress and to lose the cookie.
  await session.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 150_000 });
  await page.evaluate(() => {
    window.seen = [];
    new MutationObserver(() => window.seen.push(document.querySelector('.file progress')?.value)).observe(document.querySelector('.files'), { subtree: true, childList: true, attributes: true });
  });
  const input = await page.$('.drop input[type=file]');
  await input.uploadFile(CAT);
  await page.waitForFunction(() => window.seen.some((value) => value > 0));
  const access = (await context.cookies()).find(({ name }) => name.endsWith('accessToken'));
  await context.deleteCookie(access);
  await session.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  const thumbnail = await page.waitForFunction(() => {
    const image = document.querySelector('.file img');
    return image?.complete && image.naturalWidth > 0 && image.naturalWidth;
  });
  assert.ok((await thumbnail.jsonValue()) <= 320);
  const values = (await page.evaluate(() => window.seen)).filter((value) => value !== undefined);
  assert.ok(new Set(values).size >= 2, `the progress was shown: ${values}`);
  assert.equal((await person.tasks())[0].attachments[0].fileType, 'image/webp');
  await press(page, 'Delete cat.jpg');
  await sees(page, 'Deleted cat.jpg');
  await page.goto(`${WEB}/tasks`);
  await until('the file is gone', async () => (await person.tasks())[0].attachments.length === 0);
});

test('files are dropped and pasted', async (t) => {
  const { page, person, made } = await withTasks(t, '/tasks', [{ title: 'Find the cat' }]);
  await go(page, `/tasks?task=${made[0].id}`);
  const bytes = (await readFile(CAT)).toString('base64');
  await page.evaluate((base64) => {
    const give = (name, type, content) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], name, { type }));
      return transfer;
    };
    const target = document.querySelector('.drop');
    const dropped = give('list.txt', 'text/plain', 'Milk, two litres');
    target.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, bubbles: true, cancelable: true }));
    const picture = Uint8Array.from(atob(base64), (it) => it.charCodeAt(0));
    const clipboardData = give('image.jpg', 'image/jpeg', picture);
    document.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, bytes);
  const names = await until('both are ready', async () => {
    const [{ attachments }] = await person.tasks();
    return attachments.length === 2 && attachments.every(({ status }) => status === 'ready') && attachments.map(({ filename }) => filename);
  });
  assert.deepEqual(names.toSorted(), ['image.jpg', 'list.txt']);
  await sees(page, 'list.txt');
});

test('files that cannot be taken are named with the reason', async (t) => {
  const { page, person, made } = await withTasks(t, '/tasks', [{ title: 'Find the cat' }]);
  const folder = await mkdtemp(join(tmpdir(), 'spacedly-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = async (name, content) => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  await go(page, `/tasks?task=${made[0].id}`);
  const input = await page.$('.drop input[type=file]');
  await input.uploadFile(await file('empty.txt', ''), await file('large.png', Buffer.alloc(11 * 1024 * 1024)), await file('run.exe', 'MZ'));
  await sees(page, '“empty.txt” is empty (0 bytes)');
  await sees(page, '“large.png” is larger than 10 MB');
  await sees(page, '“run.exe” is of a type that is not accepted');
  await press(page, 'Close', '.problems .notice:nth-child(2)');
  await seesNoMore(page, '“large.png”');
  await sees(page, '“empty.txt” is empty (0 bytes)');
  await input.uploadFile(await file('cat.png', 'MZ an executable'));
  await sees(page, '“cat.png” was not accepted: The file is not a PNG picture');
  assert.equal((await person.tasks())[0].attachments.filter(({ status }) => status === 'ready').length, 0);
});

test('beyond the limit of uploads the wait is told', async (t) => {
  const { page, person, made } = await withTasks(t, '/tasks', [{ title: 'Find the cat' }], { refused: [429] });
  const files = [{ filename: 'list.txt', fileType: 'text/plain', fileSize: 4 }];
  for (let sent = 0; sent < 10; sent += 1) {
    await person.call('POST', `/tasks/${made[0].id}/attachments`, { files }).catch(() => undefined);
  }
  await go(page, `/tasks?task=${made[0].id}`);
  const input = await page.$('.drop input[type=file]');
  await input.uploadFile(CAT);
  await sees(page, 'Too many tries. Please wait');
});

test('the calendar shows a day’s tasks and is walked by keys', async (t) => {
  const { page } = await withTasks(t, '/calendar', [{ title: 'Water the ferns', dueDate: '2031-03-15' }]);
  await go(page, `/calendar?day=2031-03-13`);
  await sees(page, 'March 2031');
  await sees(page, 'Nothing on this day.');
  await page.focus('.month [tabindex="0"]');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.waitForSelector('.calendar .task');
  // The focus follows the day that is shown.
  const focused = await page.waitForFunction(() => {
    const label = document.activeElement.querySelector('.hidden')?.textContent;
    return /15 March 2031|March 15, 2031/.test(label) && label;
  });
  const label = await focused.jsonValue();
  assert.match(label, /1 task, 0 reminders/);
  await page.keyboard.press('PageDown');
  await sees(page, 'April 2031');
});
