// How a page on another origin calls the API: with cookies that it never sees.

import { API } from './config.js';

/** What the API refused, in its own words; `code` is stable, `errors` names bad fields. */
export class ApiError extends Error {
  constructor(status, { message, code, errors = [], requestId }) {
    super(message);
    Object.assign(this, { status, code, errors, requestId });
  }
}

/**
 * Calls the API and gives the answer's `data` and its `ETag`.
 *
 * `credentials: 'include'` sends the session's cookies and keeps new ones: when the access token has run out, the API
 * renews it on that very answer. `etag` lets a change through only while nobody else has changed the thing; `key`
 * lets a creating request be sent again without creating twice.
 *
 * Throws an ApiError for a refusal, and an Error when there is no answer that this page may read.
 */
export async function call(method, path, { body, etag, key } = {}) {
  const headers = {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (etag) headers['If-Match'] = etag;
  if (key) headers['Idempotency-Key'] = key;
  let response;
  try {
    response = await fetch(API + path, { method, headers, body: JSON.stringify(body), credentials: 'include' });
  } catch {
    throw new Error('The API cannot be reached from this page.');
  }
  const answer = await response.json();
  if (!response.ok) throw new ApiError(response.status, answer);
  return { data: answer.data, etag: response.headers.get('ETag') };
}

/** Announces a file, uploads it, and gives its attachment once it was looked into. `onProgress` hears 0 to 100. */
export async function attach(taskId, file, onProgress) {
  const files = [{ filename: file.name, fileType: file.type, fileSize: file.size }];
  const key = crypto.randomUUID();
  const { data } = await call('POST', `/tasks/${taskId}/attachments`, { body: { files }, key });
  const [{ attachment, upload }] = data.files;
  await put(upload, file, onProgress);
  return settled(taskId, attachment.id);
}

/** Sends a file to its presigned address. XMLHttpRequest, because fetch does not tell how much has left. */
function put({ url, method, headers }, file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress(Math.floor((loaded / total) * 100));
    request.onload = () => (request.status === 200 ? resolve() : reject(new Error('The file was not taken.')));
    request.onerror = () => reject(new Error('The upload was interrupted.'));
    request.send(file);
  });
}

/** Asks once a second, for up to a minute, until the file is `ready` or `rejected`. */
async function settled(taskId, attachmentId) {
  for (let asked = 0; asked < 60; asked += 1) {
    const { data } = await call('GET', `/tasks/${taskId}`);
    const attachment = data.task.attachments.find(({ id }) => id === attachmentId);
    if (attachment?.status === 'ready') return attachment;
    if (attachment?.status === 'rejected') throw new Error(attachment.rejectionReason);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Error('The file is still being looked into.');
}
