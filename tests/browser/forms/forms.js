// Forms that are sent as JSON as they are, what was left empty included.

import { API } from './config.js';

const known = {};

for (const form of document.querySelectorAll('form[data-path]')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const path = form.dataset.path.replace('{task}', known.task);
    const response = await fetch(API + path, {
      method: form.dataset.method,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(Object.fromEntries(new FormData(form))),
      credentials: 'include',
    });
    const answer = await response.json();
    if (answer.data?.task) {
      known.task = answer.data.task.id;
      document.querySelector('#remind [name=taskId]').value = known.task;
      document.querySelector('#upload').action = `${API}/tasks/${known.task}/attachments`;
    }
    document.querySelector('#answer').textContent = JSON.stringify({ status: response.status, ...answer });
  });
}
