// A small app that signs up, logs in, keeps tasks and attaches pictures. It doubles as the example of a client.

import { ApiError, attach, call } from './api.js';

const at = (selector, within = document) => within.querySelector(selector);

function tell(text, isBad = false) {
  at('#told').textContent = text;
  at('#told').classList.toggle('bad', isBad);
}

/** Has a form do something with its fields; what goes wrong is told above. */
function onSubmit(form, work) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(() => work(Object.fromEntries(new FormData(form)), form));
  });
}

async function attempt(work) {
  tell('');
  try {
    await work();
  } catch (error) {
    const isStale = error instanceof ApiError && error.status === 412;
    tell(isStale ? 'It was changed elsewhere in the meantime: reload to see how.' : error.message, true);
  }
}

function show(user) {
  at('#signed-out').hidden = Boolean(user);
  at('#signed-in').hidden = !user;
  at('#who').textContent = user?.name ?? '';
  at('#tasks').replaceChildren();
}

/** Shows who is signed in, and their tasks. The page cannot see its cookies: it asks. */
async function start() {
  try {
    const { data } = await call('GET', '/user/me');
    show(data.user);
  } catch (error) {
    show(null);
    if (error.status !== 401) throw error;
    return;
  }
  const { data } = await call('GET', '/tasks?sort=createdAt');
  for (const task of data.tasks) add(task, `"${task.version}"`);
}

/** Adds a task to the list. Texts go in as texts, never as HTML. */
function add(task, etag) {
  const item = at('#task').content.firstElementChild.cloneNode(true);
  const form = at('.edit', item);
  const shown = (now) => {
    at('h3', item).textContent = now.title;
    form.title.value = now.title;
  };
  shown(task);
  onSubmit(form, async ({ title }) => {
    const changed = await call('PUT', `/tasks/${task.id}`, { body: { title }, etag });
    etag = changed.etag;
    shown(changed.data.task);
    tell('Saved.');
  });
  at('input[type=file]', item).addEventListener('change', ({ target }) => {
    attempt(() => upload(task.id, target.files[0], item));
  });
  task.attachments.filter(({ status }) => status === 'ready').forEach((attachment) => addPicture(attachment, item));
  at('#tasks').append(item);
}

async function upload(taskId, file, item) {
  const bar = at('progress', item);
  bar.value = 0;
  bar.hidden = false;
  try {
    const attachment = await attach(taskId, file, (percent) => {
      bar.value = percent;
      tell(percent < 100 ? `Uploading ${file.name}: ${percent} %` : `Looking into ${file.name} …`);
    });
    addPicture(attachment, item);
    const { originalSize, optimizedSize, compressionRatio } = attachment.optimizationStats;
    tell(`${file.name} is there: ${optimizedSize} bytes instead of ${originalSize}, ${compressionRatio} % saved.`);
  } finally {
    bar.hidden = true;
  }
}

/** Shows a thumbnail that opens the picture. Both addresses are the API's own, which leads on to the file. */
function addPicture({ filename, fileUrl, thumbnailUrl }, item) {
  if (!thumbnailUrl) return;
  const thumbnail = Object.assign(new Image(), { src: thumbnailUrl, alt: filename });
  const button = Object.assign(document.createElement('button'), { type: 'button' });
  button.append(thumbnail);
  button.addEventListener('click', () => {
    Object.assign(at('#picture img'), { src: fileUrl, alt: filename });
    at('#picture').showModal();
  });
  at('.pictures', item).append(button);
}

onSubmit(at('#register'), async (fields, form) => {
  await call('POST', '/auth/register', { body: fields, key: crypto.randomUUID() });
  form.reset();
  tell(`Welcome, ${fields.name}. You can log in now.`);
});

onSubmit(at('#login'), async (fields, form) => {
  const { data } = await call('POST', '/auth/login', { body: fields });
  if (data.requiresOtp) throw new Error('This small app does not ask for mailed codes.');
  form.reset();
  await start();
});

onSubmit(at('#create'), async ({ title }, form) => {
  const { data, etag } = await call('POST', '/tasks', { body: { title }, key: crypto.randomUUID() });
  add(data.task, etag);
  form.reset();
  tell('Created.');
});

at('#logout').addEventListener('click', () => {
  attempt(async () => {
    await call('POST', '/auth/logout');
    show(null);
    tell('Goodbye.');
  });
});

attempt(start);
