// A page on another origin uploads a photograph to where the API says, and shows what became of it.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

import { create, sees, signedIn } from './support/world.mjs';

const CAT = resolve(import.meta.dirname, '../../media/tests/files/cat.jpg');

test('a photograph is uploaded with its progress shown, and the picture and its thumbnail appear', async (t) => {
  const { page, person } = await signedIn(t);
  await create(page, 'Find the cat');
  const photograph = await enlarged(t, page, await readFile(CAT), 3000);
  await slowUploads(page);
  await page.evaluate(remember);
  const input = await page.$('#tasks input[type=file]');
  await input.uploadFile(photograph);
  await sees(page, 'cat.jpg is there');

  const told = await page.evaluate(() => window.told);
  const percents = told.flatMap((text) => text.match(/cat\.jpg: (\d+) %/)?.slice(1).map(Number) ?? []);
  assert.ok(new Set(percents).size >= 3, `the progress was shown: ${told}`);
  assert.deepEqual(percents, percents.toSorted((one, other) => one - other));
  assert.ok(told.includes('Looking into cat.jpg …'));

  const [{ attachments: [attachment] }] = await person.tasks();
  assert.equal(attachment.fileType, 'image/webp');
  const { originalSize, optimizedSize } = attachment.optimizationStats;
  await sees(page, `${optimizedSize} bytes instead of ${originalSize}`);
  assert.ok(optimizedSize < originalSize / 2, `${optimizedSize} of ${originalSize}`);

  const thumbnail = await shown(page, '.pictures img');
  assert.equal(Math.max(...thumbnail), 320);
  await page.locator('.pictures button').click();
  const picture = await shown(page, '#picture img');
  assert.deepEqual(picture, [attachment.width, attachment.height]);
  assert.ok(picture[0] <= 1920 && picture[1] <= 1080 && (picture[0] === 1920 || picture[1] === 1080), String(picture));

  await page.reload();
  assert.deepEqual(await shown(page, '.pictures img'), thumbnail);
});

test('a file that is no picture is refused with the reason', async (t) => {
  const { page } = await signedIn(t);
  await create(page, 'Find the cat');
  const input = await page.$('#tasks input[type=file]');
  await input.uploadFile(await file(t, 'cat.png', Buffer.from('MZ an executable')));
  await sees(page, 'The file is not a PNG picture');
  assert.equal(await page.$('.pictures img'), null);
});

/** The photograph in the width that cameras make, as a file. */
async function enlarged(t, page, bytes, width) {
  const draw = async (base64, width_) => {
    const image = Object.assign(new Image(), { src: `data:image/jpeg;base64,${base64}` });
    await image.decode();
    const height = Math.round((image.height * width_) / image.width);
    const canvas = Object.assign(document.createElement('canvas'), { width: width_, height });
    canvas.getContext('2d').drawImage(image, 0, 0, width_, height);
    return canvas.toDataURL('image/jpeg', 0.95).split(',')[1];
  };
  return file(t, 'cat.jpg', Buffer.from(await page.evaluate(draw, bytes.toString('base64'), width), 'base64'));
}

async function file(t, name, bytes) {
  const folder = await mkdtemp(join(tmpdir(), 'spacedly-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
}

/** Uploads as slow as a bad line's, so that there is something to show: 500 kB a second. */
async function slowUploads(page) {
  await page.emulateNetworkConditions({ upload: 500_000, download: -1, latency: 0 });
}

/** In the page: keeps all that is told from now on. */
function remember() {
  const line = document.querySelector('#told');
  window.told = [];
  new MutationObserver(() => window.told.push(line.textContent)).observe(line, { childList: true });
}

/** Waits until an image is there, and gives its width and height. */
async function shown(page, selector) {
  const natural = (it) => it?.complete && it.naturalWidth > 0 && [it.naturalWidth, it.naturalHeight];
  const found = await page.waitForFunction(`(${natural})(document.querySelector('${selector}'))`);
  return found.jsonValue();
}
