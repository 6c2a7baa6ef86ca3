// Accounts in the web app: signing up, in and out, mailed codes and links, devices, data, deletion.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { API, PASSWORD, Person } from './support/person.mjs';
import { fill, go, intercept, logIn, member, open, press, sees, seesNoMore, until, visit, WEB } from './support/web.mjs';

const NEW_PASSWORD = 'Another2pass';

test('a stranger signs up, confirms the address by the mailed link, and signs in', async (t) => {
  const person = new Person('Grace Hopper');
  const { page } = await visit(t, '/', { refused: [400, 401] });
  await press(page, 'Create an account');
  await fill(page, { name: person.name, email: person.email, password: 'short' });
  await press(page, 'Create an account', 'form');
  await sees(page, 'Password must');
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('name')), 'password');
  await fill(page, { password: PASSWORD });
  await press(page, 'Create an account', 'form');
  await sees(page, 'Your account is ready');

  const link = await person.link('erif', 'verify-email');
  await page.goto(WEB + link);
  await sees(page, 'Enter your password to confirm');
  assert.equal(new URL(page.url()).search, '', 'the token has left the address bar');
  await fill(page, { password: PASSWORD });
  await press(page, 'Confirm');
  await sees(page, 'your address is confirmed');

  await page.goto(WEB + link);
  await fill(page, { password: PASSWORD });
  await press(page, 'Confirm');
  await sees(page, 'This link has run out or was used already');
  await press(page, 'Sign in');
  await sees(page, 'Welcome back');
  assert.equal(new URL(page.url()).searchParams.get('next'), '/settings');

  await page.goto(`${WEB}/login`);
  await logIn(page, person, 'Wrong1password');
  await sees(page, 'The e-mail address or the password is wrong.');
  await logIn(page, person);
  await sees(page, ', Grace');
  await page.goto(WEB + link);
  await sees(page, 'Your address is confirmed already.');
  // Who is signed in has nothing to do there.
  for (const path of ['/login', '/register']) {
    await page.goto(WEB + path);
    await sees(page, ', Grace');
    assert.equal(new URL(page.url()).pathname, '/dashboard');
  }
});

test('a mailed code is asked for where it is turned on, and turned off again with the password', async (t) => {
  const { page, person } = await member(t, '/settings', { refused: [400, 401] });
  await press(page, 'Turn on');
  await sees(page, 'Mailed codes are on');
  await press(page, 'Sign out', '.side');
  await sees(page, 'You are signed out.');
  await logIn(page, person);
  await sees(page, 'We sent a code of six digits');
  const first = await person.mail('Your Login OTP');
  await fill(page, { otp: '000000' });
  await press(page, 'Continue');
  await sees(page, 'This code is wrong or has run out');
  await press(page, 'Send another code');
  await sees(page, 'A new code is on its way.');
  await seesNoMore(page, 'This code is wrong');
  const { text } = await until('another code', async () => {
    const mail = await person.mail('Your Login OTP');
    return mail.text !== first.text && mail;
  });
  await fill(page, { otp: text.match(/\b\d{6}\b/)[0] });
  await press(page, 'Continue');
  await sees(page, ', Ada');
  await page.goto(`${WEB}/settings`);
  await sees(page, 'Mailed codes are on');
  const form = 'form:has([name=others])';
  await fill(page, { password: PASSWORD }, form);
  await press(page, 'Turn off');
  await sees(page, 'Mailed codes are off');
});

test('a forgotten password is replaced by the mailed link, once', async (t) => {
  const person = await Person.registered();
  const { page } = await visit(t, '/login', { refused: [400] });
  await press(page, 'Forgot your password?');
  await fill(page, { email: person.email });
  await press(page, 'Send the link');
  await sees(page, 'a mail with a link is on its way');
  const link = await person.link('Password Reset', 'reset-password');
  await page.goto(WEB + link);
  await fill(page, { password: NEW_PASSWORD });
  await press(page, 'Save the new password');
  await sees(page, 'Your password is changed');
  await page.goto(WEB + link);
  await fill(page, { password: NEW_PASSWORD });
  await press(page, 'Save the new password');
  await sees(page, 'This link is not complete, was used already, or a newer one replaced it.');
  await press(page, 'Ask for a new link');
  await sees(page, 'Reset your password');
  await page.goto(`${WEB}/login`);
  await logIn(page, person, NEW_PASSWORD);
  await sees(page, ', Ada');
});

test('a reset link that is cut off or too old says so and leads to a new one', async (t) => {
  const person = await Person.registered();
  await person.call('POST', '/auth/forgot-password', { email: person.email });
  const link = await person.link('Password Reset', 'reset-password');
  const { page } = await visit(t, '/login', { refused: [400] });
  const tries = async (path, sentence) => {
    await go(page, path);
    await fill(page, { password: NEW_PASSWORD });
    await press(page, 'Save the new password');
    await sees(page, sentence);
    await press(page, 'Ask for a new link');
    await sees(page, 'Reset your password');
  };
  await tries(link.slice(0, -5), 'This link is not complete, was used already, or a newer one replaced it.');
  // Cut off before the token, it is the page that asks for a link.
  await go(page, '/reset-password?token=');
  await sees(page, 'Reset your password');
  // An hour is too long for a test: the API's answer after it.
  await intercept(page, (request) => request.url().endsWith('/reset-password') && {
    status: 400,
    contentType: 'application/json',
    body: JSON.stringify({ success: false, message: 'Reset token has expired', code: 'RESET_TOKEN_EXPIRED', requestId: 'abc-123' }),
  });
  await tries(link, 'This link is older than an hour and no longer works.');
});

test('a page for a code without a sign-in that waits for one leads back', async (t) => {
  const { page } = await visit(t, '/verify-otp', { refused: [400, 401] });
  await fill(page, { otp: '123456' });
  await press(page, 'Continue');
  await sees(page, 'This sign-in has run out. Start again with your password.');
  await seesNoMore(page, 'We sent a code');
  await press(page, 'Back to sign in');
  await sees(page, 'Welcome back');
});

test('a sign-in with Google ends in the app', async (t) => {
  const { page } = await visit(t, '/login', { refused: [] });
  const person = new Person('Linus');
  // The provider and the app's usual port are hosts of this flow, not of the app.
  const steps = await page.browserContext().newPage();
  await steps.goto(`${API}/auth/google`);
  await steps.waitForSelector('[name=email]');
  await steps.evaluate((email) => {
    document.querySelector('[name=email]').value = email;
    const name = document.querySelector('[name=name]');
    if (name) name.value = 'Linus Pauling';
  }, person.email);
  await Promise.all([
    steps.waitForResponse((answer) => answer.url().includes('/callback') && answer.status() === 302),
    steps.evaluate(() => document.querySelector('form').requestSubmit()),
  ]);
  await steps.close();
  await page.goto(`${WEB}/dashboard`);
  await sees(page, ', Linus');
  await page.goto(`${WEB}/login?error=google_auth_failed`);
  await sees(page, 'Signing in with Google did not work');
});

test('profile, zone, digest and theme are kept', async (t) => {
  const { page, person } = await member(t, '/settings');
  await fill(page, { name: 'Ada King', timezone: 'Pacific/Auckland' }, 'form:has([name=timezone])');
  await press(page, 'Save', 'form:has([name=timezone])');
  await sees(page, 'Times are in Pacific/Auckland');
  await fill(page, { time: '06:30' }, 'form:has([name=enabled])');
  await press(page, 'Save', 'form:has([name=enabled])');
  await until('the digest is kept', async () => {
    if (!person.token) await person.signInOutsideTheBrowser();
    const { user } = await person.call('GET', '/user/me');
    return user.name === 'Ada King' && user.timezone === 'Pacific/Auckland' && user.morning_digest.time === '06:30';
  });
  await fill(page, { theme: 'dark' });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await background(), 'rgb(18, 20, 26)');
  await page.reload();
  await sees(page, 'Appearance and keyboard');
  assert.equal(await background(), 'rgb(18, 20, 26)');
});

test('another device is signed out, and learns it at its next change', async (t) => {
  const { page, person } = await member(t, '/settings');
  const other = await member(t, '/tasks', { person, refused: [401] });
  await page.reload();
  await sees(page, 'Sign out all other devices');
  await press(page, 'Sign out all other devices');
  await sees(page, 'All other devices are signed out.');
  await fill(other.page, { title: 'Too late' });
  await press(other.page, 'Add');
  await sees(other.page, 'Your session has ended. Sign in again');
  await logIn(other.page, person);
  await until('it is back on its page', () => new URL(other.page.url()).pathname === '/tasks');
  await sees(other.page, 'Filters');
});

test('signing out in one tab signs out the others', async (t) => {
  const { page, context, complaints, foreign } = await member(t, '/dashboard');
  const second = await open(context, '/tasks', { complaints, foreign });
  await sees(second, 'All');
  await press(page, 'Sign out', '.side');
  await sees(page, 'You are signed out.');
  await sees(second, 'Your session has ended');
});

test('the browser stores nothing about its user, and nothing at all after signing out', async (t) => {
  const { page } = await member(t, '/dashboard');
  const stored = () => page.evaluate(() => Object.entries({ ...localStorage, ...sessionStorage }));
  for (const path of ['/tasks', '/reminders', '/calendar', '/notifications', '/analytics', '/settings']) await go(page, path);
  const kept = await stored();
  assert.deepEqual(kept.map(([name]) => name), ['spacedly.renewedAt']);
  assert.match(kept[0][1], /^\d+$/, 'the time of the last refresh');
  await press(page, 'Sign out', '.side');
  await sees(page, 'You are signed out.');
  assert.deepEqual(await stored(), []);
});

test('all data is exported, and the mailed link opens it once', async (t) => {
  const { page, person } = await member(t, '/settings', { refused: [400, 404, 503] });
  const form = 'form[name=export]';
  await fill(page, { password: PASSWORD }, form);
  await press(page, 'Ask for an export');
  await sees(page, 'Your export is ready');
  const link = await person.link('xport', 'settings');
  await page.goto(WEB + link);
  await sees(page, 'Your export is ready');
  assert.equal(new URL(page.url()).search, '');
  const isShown = () => page.waitForFunction(() => {
    const { top, bottom } = document.querySelector('.exports').getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight && document.activeElement.className === 'exports';
  });
  await isShown();
  await page.goto(WEB + link);
  await sees(page, 'This link was used already; your export is below.');
  await page.waitForSelector('.exports [role=alert]');
  await isShown();
  await page.evaluate(() => localStorage.removeItem('spacedly.export'));
  await page.goto(WEB + link);
  await sees(page, 'This link has run out or was used already. Ask for a new export below.');
  await intercept(page, (request) => request.url().endsWith('/export/open') && { status: 503, contentType: 'application/json', body: '{"message":"Service Unavailable"}' });
  await page.goto(WEB + link);
  await sees(page, 'Spacedly is busy right now.');
  await seesNoMore(page, 'This link');
});

test('the password is changed with the current one', async (t) => {
  const { page } = await member(t, '/settings', { refused: [400] });
  await fill(page, { currentPassword: 'Wrong1password', newPassword: NEW_PASSWORD });
  await press(page, 'Change password');
  await sees(page, 'The current password is wrong.');
  await fill(page, { currentPassword: PASSWORD });
  await press(page, 'Change password');
  await sees(page, 'Your password is changed. All other devices are signed out.');
});

test('an account is deleted with all it has', async (t) => {
  const { page, person } = await member(t, '/settings');
  const form = 'form:has(.danger)';
  await fill(page, { password: PASSWORD }, form);
  await press(page, 'I understand that everything is deleted');
  await press(page, 'Delete my account');
  await sees(page, 'Your account and all its data are deleted.');
  await assert.rejects(person.signInOutsideTheBrowser(), /INVALID_CREDENTIALS/);
  await seesNoMore(page, 'Settings');
});
