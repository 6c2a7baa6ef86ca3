/** The connection to the API, and the cache of what it answered. */

import { QueryClient } from "@tanstack/preact-query";
import { ApiError, connectWithCookies, type SessionChange } from "@spacedly/client";

import { forgetDraft } from "./draft";
import { UnansweredChange } from "./errors";

/** The API's address without `/api`, as the page's server wrote it; empty for the page's own origin. */
export const apiUrl = document.querySelector<HTMLMetaElement>("meta[name=spacedly-api]")?.content ?? "";

/** The gateway gives up after 30 seconds. */
const PATIENCE = 32_000;

let isBeingLeft = false;
// Before those listeners that send something then: this module is loaded first.
for (const event of ["beforeunload", "pagehide"]) addEventListener(event, () => (isBeingLeft = true));
addEventListener("pageshow", () => (isBeingLeft = false));

const listeners = new Set<(change: SessionChange) => void>();

const connection = connectWithCookies(apiUrl, {
  fetch: (request) => {
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(PATIENCE)]);
    // What waited for its "Undo" is sent while the page is being left.
    const answer = fetch(request, { signal, keepalive: isBeingLeft });
    return isChange(request) ? answer.catch((cause: unknown) => Promise.reject(new UnansweredChange("No answer", { cause }))) : answer;
  },
  onSession: (change) => listeners.forEach((listener) => listener(change)),
});

/** Whether a request changes what its user has: signing in and out does not. */
const isChange = ({ method, url }: Request) => method !== "GET" && !new URL(url).pathname.startsWith("/api/auth/");

/** Tells the other tabs that the session was ended by choice: they keep no draft. */
const departures = new BroadcastChannel("spacedly.departure");
departures.addEventListener("message", forgetDraft);

export const spacedly: typeof connection = {
  ...connection,
  async logout() {
    await connection.logout();
    forgetDraft();
    departures.postMessage("departure");
  },
};

/** Calls back when somebody signs in or out, in whichever tab. Returns how to stop it. */
export function onSession(listener: (change: SessionChange) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What is worth another try: no answer, and a server that is out of order. A refusal stays one. */
const isPassing = (error: unknown) => (error instanceof ApiError ? error.status >= 500 : error instanceof TypeError);

export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 30 * 60_000,
      retry: (failures, error) => failures < 2 && isPassing(error),
      retryDelay: (attempt) => 500 * 2 ** attempt,
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false, networkMode: "always" },
  },
});
