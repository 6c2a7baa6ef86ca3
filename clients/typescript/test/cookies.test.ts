/** The client of a page, with a cookie jar in place of the browser's, against a running API: BASE_URL. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { ApiError, connect, connectWithCookies, data, type SessionChange } from "../src/index.js";
import { BASE_URL, newClient, newEmail, PASSWORD } from "./support.js";

/** Keeps cookies as a browser does, and notes what is sent. */
function browser() {
  const jar = new Map<string, string>();
  const sent: string[] = [];
  const client = newClient();
  const send = async (request: Request) => {
    sent.push(`${request.method} ${new URL(request.url).pathname}`);
    const headers = new Headers(request.headers);
    headers.set("Cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
    const answer = await client(new Request(request, { headers }));
    for (const cookie of answer.headers.getSetCookie()) {
      const [name = "", value = ""] = cookie.split(";")[0]?.split("=") ?? [];
      if (/Max-Age=0/i.test(cookie)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  };
  return { jar, sent, send };
}

async function signUp(context: TestContext) {
  const { jar, sent, send } = browser();
  const changes: SessionChange[] = [];
  const spacedly = connectWithCookies(BASE_URL, { fetch: send, onSession: (change) => changes.push(change) });
  const email = newEmail();
  await data(spacedly.api.POST("/api/auth/register", { body: { name: "Ada", email, password: PASSWORD } }));
  assert.ok("user" in (await spacedly.login(email, PASSWORD)));
  context.after(async () => {
    await spacedly.logout();
    spacedly.close();
  });
  return { spacedly, email, jar, sent, changes };
}

test("a session of cookies is kept, and its end is reported", async (context) => {
  const { spacedly, changes } = await signUp(context);
  const { user } = await data(spacedly.api.GET("/api/user/me"));
  assert.equal(user.name, "Ada");
  assert.ok(spacedly.isProbablySignedIn());
  await spacedly.logout();
  assert.deepEqual(changes, ["signed-in", "signed-out"]);
  assert.ok(!spacedly.isProbablySignedIn());
});

test("a session is rotated once for requests that come together", async (context) => {
  const { spacedly, jar, sent } = await signUp(context);
  const before = jar.get("refreshToken");
  const real = Date.now.bind(Date);
  context.mock.method(Date, "now", () => real() + 14 * 60_000);
  const me = () => data(spacedly.api.GET("/api/user/me"));
  await Promise.all([me(), me(), me()]);
  assert.equal(sent.filter((line) => line === "POST /api/auth/refresh").length, 1);
  assert.notEqual(jar.get("refreshToken"), before);
});

test("a session that was ended elsewhere is found out by a write", async (context) => {
  const { spacedly, email, changes } = await signUp(context);
  const other = connect(BASE_URL, { fetch: newClient() });
  await other.login(email, PASSWORD);
  await data(other.api.DELETE("/api/user/sessions"));
  const refused = data(spacedly.api.POST("/api/tasks", { body: { title: "Buy milk" } }));
  await assert.rejects(refused, (error) => error instanceof ApiError && error.code === "UNAUTHORIZED");
  assert.equal(changes.at(-1), "signed-out");
});

test("an access cookie that is gone is renewed by the API, without a rotation", async (context) => {
  const { spacedly, jar, sent } = await signUp(context);
  jar.delete("accessToken");
  await data(spacedly.api.GET("/api/user/me"));
  assert.ok(jar.has("accessToken"));
  assert.ok(!sent.includes("POST /api/auth/refresh"));
});
