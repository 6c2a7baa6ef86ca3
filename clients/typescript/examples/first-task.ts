/**
 * Signs up, creates a task, attaches a file to it, and reads both back.
 *
 *     BASE_URL=http://localhost:3000 node build/examples/first-task.js
 */

import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";

import { connect, data, upload, type components } from "../src/index.js";

const PASSWORD = `Xy1-${randomUUID()}`;

/** Returns the task with its attachment. The account is deleted again. */
export async function firstTask(baseUrl: string): Promise<components["schemas"]["Task"]> {
  const spacedly = connect(baseUrl);
  const email = `first-task-${randomUUID()}@example.com`;
  await data(spacedly.api.POST("/api/auth/register", { body: { name: "Ada", email, password: PASSWORD } }));
  await spacedly.login(email, PASSWORD);

  const { task } = await data(
    spacedly.api.POST("/api/tasks", {
      // Said again with the same key, it creates nothing new.
      params: { header: { "Idempotency-Key": randomUUID() } },
      body: { title: "Buy milk", priority: "high", dueDate: "2030-01-31" },
    }),
  );
  const list = new TextEncoder().encode("Milk, two litres\n");
  await upload(spacedly, task.id, "list.txt", "text/plain", list);

  const { task: read } = await data(spacedly.api.GET("/api/tasks/{id}", { params: { path: { id: task.id } } }));
  await data(spacedly.api.DELETE("/api/user/me", { body: { password: PASSWORD } }));
  return read;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const task = await firstTask(process.env["BASE_URL"] ?? "http://localhost:3000");
  console.log(`${task.title} (${task.priority}, due ${task.dueDate}):`);
  for (const { filename, fileSize, status } of task.attachments) {
    console.log(`  ${filename}, ${fileSize} bytes, ${status}`);
  }
}
