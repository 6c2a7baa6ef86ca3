// A page on another origin signs up, stays signed in by cookies that it cannot see, and signs out.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PAGE, Person, create, sees, signedIn, visitor } from './support/world.mjs';

const ANONYMOUS = 'Failed to load resource: the server responded with a status of 401 (Unauthorized)';

const cookies = async (context) => Object.fromEntries((await context.cookies()).map((it) => [it.name, it]));

test('a page on another origin signs up and logs in', async (t) => {
  const person = new Person('Grace Hopper');
  const { page, complaints } = await visitor(t);
  await sees(page, 'Sign up');
  await person.signUp(page);
  await person.logIn(page);
  await sees(page, 'Signed in as Grace Hopper');
  // The page's first question, who is signed in, has this answer, and the browser says so.
  assert.deepEqual(complaints, [ANONYMOUS]);
});

test('a refused login shows the API’s own words', async (t) => {
  const { page } = await visitor(t);
  await new Person('Nobody').logIn(page);
  await sees(page, 'Invalid credentials');
});

test('the session’s cookies are in the browser and out of the page’s sight', async (t) => {
  const { page, context } = await signedIn(t);
  assert.equal(await page.evaluate(() => document.cookie), '');
  const { accessToken, refreshToken, ...others } = await cookies(context);
  assert.deepEqual(others, {});
  const inSeconds = ({ expires }) => expires - Date.now() / 1000;
  for (const [cookie, seconds] of [[accessToken, 900], [refreshToken, 604_800]]) {
    const { httpOnly, sameSite, secure, path, domain } = cookie;
    // Plain http on localhost, where `Secure` is off.
    const expected = { httpOnly: true, sameSite: 'Lax', secure: false, path: '/', domain: 'localhost' };
    assert.deepEqual({ httpOnly, sameSite, secure, path, domain }, expected);
    assert.ok(inSeconds(cookie) > seconds - 60 && inSeconds(cookie) <= seconds, `${cookie.name} ends in time`);
  }
});

test('a reload finds the session and its tasks', async (t) => {
  const { page, person } = await signedIn(t);
  await create(page, 'Water the ferns');
  await page.reload();
  await sees(page, `Signed in as ${person.name}`);
  await sees(page, 'Water the ferns');
});

test('without its access cookie the page goes on, and has a new one', async (t) => {
  const { page, context } = await signedIn(t);
  const { accessToken } = await cookies(context);
  await context.deleteCookie(accessToken);
  await create(page, 'Water the ferns');
  const renewed = (await cookies(context)).accessToken;
  assert.ok(renewed?.httpOnly);
  assert.equal(renewed.path, '/');
});

test('logging out takes the cookies away', async (t) => {
  const { page, context } = await signedIn(t);
  await page.locator('#logout').click();
  await sees(page, 'Goodbye.');
  assert.deepEqual(await context.cookies(), []);
  await page.goto(PAGE);
  await sees(page, 'Sign up');
});
