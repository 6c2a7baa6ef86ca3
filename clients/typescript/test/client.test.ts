/** Against a running API: BASE_URL. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

import { firstTask } from "../examples/first-task.js";
import { ApiError, connect, data, upload, type Tokens } from "../src/index.js";

const BASE_URL = process.env["BASE_URL"] ?? "http://localhost:3000";
const PASSWORD = `Xy1-${randomUUID()}`;

async function signUp(onTokens: (tokens: Tokens | undefined) => void = () => {}) {
  const spacedly = connect(BASE_URL, { onTokens });
  const email = `client-${randomUUID()}@example.com`;
  await data(spacedly.api.POST("/api/auth/register", { body: { name: "Ada", email, password: PASSWORD } }));
  assert.ok("user" in (await spacedly.login(email, PASSWORD)));
  return spacedly;
}

test("the example signs up, creates a task and uploads a file", async () => {
  const task = await firstTask(BASE_URL);
  assert.equal(task.title, "Buy milk");
  assert.deepEqual(
    task.attachments.map(({ filename, fileSize, status }) => ({ filename, fileSize, status })),
    [{ filename: "list.txt", fileSize: 17, status: "ready" }],
  );
});

test("a file is uploaded once although the answer to its first upload was lost", async (context) => {
  const spacedly = await signUp();
  const { task } = await data(spacedly.api.POST("/api/tasks", { body: { title: "Buy milk" } }));
  const statuses: number[] = [];
  const real = globalThis.fetch;
  context.mock.method(globalThis, "fetch", async (...request: Parameters<typeof fetch>) => {
    const answer = await real(...request);
    if (request[1]?.method === "PUT" && statuses.push(answer.status) === 1) {
      throw new TypeError("fetch failed");
    }
    return answer;
  });
  const list = new TextEncoder().encode("Milk, two litres\n");
  const { status, fileSize } = await upload(spacedly, task.id, "list.txt", "text/plain", list);
  assert.deepEqual({ status, fileSize }, { status: "ready", fileSize: list.length });
  assert.deepEqual(statuses, [200, 412]);
});

test("a refusal is an error that names its code and its fields", async () => {
  const spacedly = await signUp();
  const refused = data(spacedly.api.POST("/api/tasks", { body: { title: "" } }));
  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.status, 400);
    assert.equal(error.code, "VALIDATION_FAILED");
    assert.match(error.field("title") ?? "", /title/i);
    assert.equal(error.field("priority"), undefined);
    return true;
  });
});

test("tokens that were kept are renewed at their first use, once for requests that come together", async () => {
  const kept: (Tokens | undefined)[] = [];
  await signUp((tokens) => kept.push(tokens));
  const first = kept.at(-1);
  assert.ok(first);
  const again = connect(BASE_URL, { tokens: first, onTokens: (tokens) => kept.push(tokens) });
  const me = () => data(again.api.GET("/api/user/me"));
  const [one, other] = await Promise.all([me(), me()]);
  assert.deepEqual(one, other);
  assert.equal(kept.length, 2);
  assert.notEqual(kept.at(-1)?.refreshToken, first.refreshToken);
});

test("after a logout the client is nobody", async () => {
  const spacedly = await signUp();
  await spacedly.logout();
  const refused = data(spacedly.api.GET("/api/user/me"));
  await assert.rejects(refused, (error) => error instanceof ApiError && error.code === "UNAUTHORIZED");
});
