import { ApiError, data } from "./answer.js";
import type { components, paths } from "./schema.js";
import type { Spacedly } from "./session.js";

export type Attachment = components["schemas"]["Attachment"];

type Announced = NonNullable<
  paths["/api/tasks/{id}/attachments"]["post"]["requestBody"]
>["content"]["application/json"]["files"][number];

type Place = components["schemas"]["Upload"];

/** Milliseconds between looks at an attachment that is being worked on, and between tries to send it. */
const PAUSE = 500;

/** Tries to send a file, the first included. */
const TRIES = 3;

const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE));

/**
 * Sends the bytes to where the API says. The store takes them once: if the answer to one try is lost, the next is
 * answered 412, which means that the file has arrived.
 */
async function put({ url, method, headers }: Place, body: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      const sent = await fetch(url, { method, headers, body });
      if (sent.ok || sent.status === 412) {
        return;
      }
      // 409: an earlier try is still arriving.
      if (left === 0 || (sent.status !== 409 && sent.status < 500)) {
        throw new ApiError(sent, undefined);
      }
    } catch (error) {
      if (left === 0 || error instanceof ApiError) {
        throw error;
      }
    }
    await pause();
  }
}

/**
 * Attaches a file to a task: announces it, sends its bytes to where the API says, and waits until the file has been
 * looked into. `status` is `ready`, or `rejected` with a `rejectionReason`.
 *
 * @param fileType Its media type; must agree with the name's extension.
 * @param patience Milliseconds to wait for at most.
 * @throws {ApiError} if the API or the store refuses the file.
 * @throws {Error} if it still was not ready when the patience ended.
 */
export async function upload(
  spacedly: Spacedly,
  taskId: string,
  filename: string,
  fileType: Announced["fileType"],
  bytes: Uint8Array<ArrayBuffer>,
  patience = 60_000,
): Promise<Attachment> {
  const params = { path: { id: taskId } };
  const body = { files: [{ filename, fileType, fileSize: bytes.byteLength }] };
  const announced = await data(spacedly.api.POST("/api/tasks/{id}/attachments", { params, body }));
  const place = "files" in announced ? announced.files[0] : undefined;
  if (!place) {
    throw new TypeError("The API announced no place for the file");
  }
  await put(place.upload, bytes);
  const deadline = Date.now() + patience;
  while (Date.now() < deadline) {
    const { task } = await data(spacedly.api.GET("/api/tasks/{id}", { params }));
    const attachment = task.attachments.find(({ id }) => id === place.attachment.id);
    if (attachment?.status === "ready" || attachment?.status === "rejected") {
      return attachment;
    }
    await pause();
  }
  throw new Error(`${filename} was still being worked on after ${patience} ms`);
}
