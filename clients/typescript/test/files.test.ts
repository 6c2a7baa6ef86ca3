/** Files of a browser, against a running API (BASE_URL), and what the package says of itself. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { connect, data, etag, FileError, fileType, hasCode, MAX_FILE_BYTES, uploadFiles, type FileErrorCode } from "../src/index.js";
import { BASE_URL, newClient, newEmail, PASSWORD } from "./support.js";

async function withTask() {
  const spacedly = connect(BASE_URL, { fetch: newClient() });
  const email = newEmail();
  await data(spacedly.api.POST("/api/auth/register", { body: { name: "Ada", email, password: PASSWORD } }));
  await spacedly.login(email, PASSWORD);
  const { task } = await data(spacedly.api.POST("/api/tasks", { body: { title: "Buy milk" } }));
  return { spacedly, task };
}

test("files are announced together, and each comes to its own end", async () => {
  const { spacedly, task } = await withTask();
  const files = [new File(["Milk, two litres\n"], "list.txt"), new File(["MZ an executable"], "cat.PNG")];
  const [list, cat] = await uploadFiles(spacedly, task.id, files);
  assert.ok(list?.result.status === "fulfilled" && cat?.result.status === "fulfilled");
  assert.equal(list.result.value.status, "ready");
  assert.equal(cat.result.value.status, "rejected");
  assert.match(cat.result.value.rejectionReason ?? "", /not a PNG/);
});

test("an upload that is cancelled ends at once", async () => {
  const { spacedly, task } = await withTask();
  const controller = new AbortController();
  controller.abort();
  const [one] = await uploadFiles(spacedly, task.id, [new File(["Milk"], "list.txt")], () => ({ signal: controller.signal }));
  assert.ok(one?.result.status === "rejected");
  assert.equal((one.result.reason as Error).name, "AbortError");
});

test("what would be refused is not sent", () => {
  const cases: [string, number, FileErrorCode][] = [
    ["empty.txt", 0, "FILE_EMPTY"],
    ["large.png", MAX_FILE_BYTES + 1, "FILE_TOO_LARGE"],
    ["run.exe", 10, "FILE_TYPE"],
    ["png", 10, "FILE_TYPE"],
    ["constructor", 10, "FILE_TYPE"],
  ];
  for (const [name, size, code] of cases) {
    assert.throws(
      () => fileType({ name, size }),
      (error) => error instanceof FileError && error.code === code && error.filename === name,
    );
  }
  assert.equal(fileType({ name: "Holiday.final.JPG", size: MAX_FILE_BYTES }), "image/jpeg");
});

test("a change of what changed elsewhere is told by its code", async () => {
  const { spacedly, task } = await withTask();
  const change = (title: string) =>
    data(spacedly.api.PUT("/api/tasks/{id}", { params: { path: { id: task.id }, header: { "If-Match": etag(task) } }, body: { title } }));
  await change("Buy bread");
  const error: unknown = await change("Buy butter").catch((reason: unknown) => reason);
  assert.ok(hasCode(error, "PRECONDITION_FAILED"));
  assert.ok(!hasCode(error, "NOT_FOUND", "CONFLICT"));
});

test("the package has the version of the contract, and can be published", async () => {
  const read = async (path: string) => JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  const root = new URL("../../", import.meta.url).pathname;
  const [own, contract] = [await read(`${root}package.json`), await read(`${root}../../docs/openapi.json`)];
  assert.equal(own["version"], (contract["info"] as { version: string }).version);
  assert.ok(!("private" in own));
  assert.deepEqual(own["files"], ["build/src", "README.md", "LICENSE"]);
});
