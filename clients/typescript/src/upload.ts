import { ApiError, data } from "./answer.js";
import { FileError, fileType, type FileType } from "./files.js";
import type { components } from "./schema.js";
import type { Spacedly } from "./session.js";

export type Attachment = components["schemas"]["Attachment"];

type Place = components["schemas"]["Upload"];

export interface UploadOptions {
  /** Called while the bytes leave, with how many of how many have left. In browsers only: fetch reports no progress. */
  onProgress?: (sent: number, total: number) => void;
  /** Ends the upload; what was announced is removed by the API after a day. */
  signal?: AbortSignal;
  /** Longest wait for the file to be processed, in ms. */
  patience?: number;
}

/** A file of several, with what became of it. */
export interface Uploaded<F> {
  file: F;
  result: PromiseSettledResult<Attachment>;
}

const PATIENCE = 60_000;
/** Milliseconds between looks at an attachment that is being processed: the first, and the longest. */
const FIRST_PAUSE = 300;
const LONGEST_PAUSE = 2_000;
/** Milliseconds between tries to send a file. */
const PAUSE = 500;
/** Tries to send a file, the first included. */
const TRIES = 3;

/**
 * Attaches a file to a task: announces it, sends its bytes to the URL that the API gives, and waits until the file has
 * been processed. `status` is `ready`, or `rejected` with a `rejectionReason`.
 *
 * @param type Its media type; must agree with the name's extension.
 * @param patience Milliseconds to wait for at most.
 * @throws {ApiError} if the API or the store refuses the file.
 * @throws {FileError} if it still was not ready when the patience ended.
 */
export async function upload(
  spacedly: Spacedly,
  taskId: string,
  filename: string,
  type: FileType,
  bytes: Uint8Array<ArrayBuffer>,
  patience = PATIENCE,
): Promise<Attachment> {
  const announced = await announce(spacedly, taskId, [{ filename, fileType: type, fileSize: bytes.byteLength }]);
  const place = announced[0];
  if (!place) {
    throw new TypeError("The API announced no place for the file");
  }
  await send(place.upload, bytes, filename, {});
  return settled(spacedly, taskId, place.attachment, { patience });
}

/**
 * Attaches files of a browser (`File`) to a task, announced together, since announcements are limited by the hour. Each
 * comes to its own end.
 *
 * @param options What to do while one of the files is under way.
 * @throws {FileError} if one of the files would be refused; then none is sent.
 * @throws {ApiError} if the API refuses the announcement.
 */
export async function uploadFiles<F extends File>(
  spacedly: Spacedly,
  taskId: string,
  files: readonly F[],
  options: (file: F) => UploadOptions = () => ({}),
): Promise<Uploaded<F>[]> {
  const bodies = files.map((file) => ({ filename: file.name, fileType: fileType(file), fileSize: file.size }));
  const places = await announce(spacedly, taskId, bodies);
  const work = places.map(async ({ attachment, upload: place }, index) => {
    const file = files[index];
    if (!file) {
      throw new TypeError("The API announced more places than files");
    }
    await send(place, file, file.name, options(file));
    return settled(spacedly, taskId, attachment, options(file));
  });
  const results = await Promise.allSettled(work);
  return files.flatMap((file, index) => {
    const result = results[index];
    return result ? [{ file, result }] : [];
  });
}

async function announce(
  spacedly: Spacedly,
  taskId: string,
  files: { filename: string; fileType: FileType; fileSize: number }[],
) {
  const params = { path: { id: taskId }, header: { "Idempotency-Key": crypto.randomUUID() } };
  const announced = await data(spacedly.api.POST("/api/tasks/{id}/attachments", { params, body: { files } }));
  return "files" in announced ? announced.files : [];
}

/**
 * Sends the bytes to the URL that the API gave. The store takes them once: if the answer to one try is lost, the next is
 * answered 412, which means that the file has arrived.
 */
async function send(place: Place, body: Uint8Array<ArrayBuffer> | File, name: string, options: UploadOptions): Promise<void> {
  for (let left = TRIES - 1; ; left -= 1) {
    options.signal?.throwIfAborted();
    const status = await put(place, body, options).catch((error: unknown) => {
      if (options.signal?.aborted) {
        throw error;
      }
      return 0;
    });
    if ((status >= 200 && status < 300) || status === 412) {
      return;
    }
    // 0: no answer. 409: an earlier try is still arriving.
    if (left === 0 || (status !== 0 && status !== 409 && status < 500)) {
      const message = status === 0 ? `The upload of ${name} was interrupted` : `The store answered ${status} for ${name}`;
      throw new FileError("UPLOAD_INTERRUPTED", name, message);
    }
    await pause(PAUSE, options.signal);
  }
}

/** The status of the answer. */
async function put(place: Place, body: Uint8Array<ArrayBuffer> | File, options: UploadOptions): Promise<number> {
  const { url, method, headers } = place;
  if (!options.onProgress || typeof XMLHttpRequest === "undefined") {
    const { status } = await fetch(url, { method, headers, body, ...(options.signal && { signal: options.signal }) });
    return status;
  }
  const { onProgress, signal } = options;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) {
      request.setRequestHeader(name, String(value));
    }
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(loaded, total));
    request.addEventListener("load", () => resolve(request.status));
    request.addEventListener("error", () => reject(new TypeError("The upload was interrupted")));
    request.addEventListener("abort", () => reject(signal?.reason));
    request.addEventListener("loadend", () => signal?.removeEventListener("abort", abort));
    signal?.addEventListener("abort", abort);
    request.send(body);
  });
}

/** The attachment once it is `ready` or `rejected`. */
async function settled(
  spacedly: Spacedly,
  taskId: string,
  { id, filename }: Attachment,
  { patience = PATIENCE, signal }: UploadOptions,
): Promise<Attachment> {
  const deadline = Date.now() + patience;
  for (let wait = FIRST_PAUSE; Date.now() < deadline; wait = Math.min(wait * 1.5, LONGEST_PAUSE)) {
    signal?.throwIfAborted();
    const answer = data(spacedly.api.GET("/api/tasks/{id}", { params: { path: { id: taskId } } }));
    // A lost answer or a limit is no reason to give up: the file is processed all the same.
    const task = await answer.then((found) => found.task, ignoreOutage);
    const attachment = task?.attachments.find((one) => one.id === id);
    if (attachment?.status === "ready" || attachment?.status === "rejected") {
      return attachment;
    }
    await pause(wait, signal);
  }
  throw new FileError("STILL_PROCESSING", filename, `${filename} was still being processed after ${patience} ms`);
}

function ignoreOutage(error: unknown): undefined {
  if (error instanceof ApiError && error.status < 500 && error.status !== 429) {
    throw error;
  }
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
