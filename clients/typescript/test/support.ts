/** Where the API is, and accounts on it. */

import { randomBytes, randomUUID } from "node:crypto";

export const BASE_URL = process.env["BASE_URL"] ?? "http://localhost:3000";
export const PASSWORD = `Xy1-${randomUUID()}`;

export const newEmail = () => `client-${randomUUID()}@example.com`;

/** A fetch that the local system takes for a client of its own: ten registrations an hour are all that one address has. */
export function newClient(): (request: Request) => Promise<Response> {
  const address = `10.${randomBytes(3).join(".")}`;
  return (request) => {
    const headers = new Headers(request.headers);
    headers.set("X-Test-Client-Address", address);
    return fetch(new Request(request, { headers }));
  };
}
