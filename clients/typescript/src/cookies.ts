import createClient, { type Client } from "openapi-fetch";

import { data } from "./answer.js";
import type { components, paths } from "./schema.js";
import type { SignedIn, Spacedly } from "./session.js";

/** What happened to the browser's session, in this tab or in another one. */
export type SessionChange = "signed-in" | "signed-out";

export interface CookieOptions {
  /** Replaces the global fetch. */
  fetch?: (request: Request) => Promise<Response>;
  /** Called when somebody signs in or out in any tab, and when the API no longer accepts the session. */
  onSession?: (change: SessionChange) => void;
}

/** A connection whose session is in cookies that the page cannot read. */
export interface CookieSpacedly extends Spacedly {
  /** Whether this browser was signed in when last seen. Only a hint: the API decides. */
  isProbablySignedIn(): boolean;
  /** Records that the API has accepted the session, for example after a sign-in by redirect. */
  confirmSession(): void;
  /** Stops listening to other tabs. */
  close(): void;
}

/** The session is rotated this long after its last rotation, in ms: before the access cookie ends (15 minutes). */
const RENEW_AFTER = 13 * 60_000;
/** Shared by all tabs: the time of the last rotation, absent while nobody is signed in. */
const RENEWED_AT = "spacedly.renewedAt";
const LOCK = "spacedly.renewal";
const CHANNEL = "spacedly.session";

/**
 * A client for a page in a browser. The session is in HttpOnly cookies; the client rotates it in time. Tabs of one origin
 * share one rotation (Web Locks), and learn from each other who signed in or out (BroadcastChannel).
 *
 * @param baseUrl Address of the API without `/api`; empty for the page's own origin.
 */
export function connectWithCookies(baseUrl: string, options: CookieOptions = {}): CookieSpacedly {
  const session = new CookieSession(baseUrl, options);
  const api = createClient<paths>({ baseUrl, credentials: "include", fetch: (request) => session.send(request) });
  const { anonymous } = session;
  return {
    api,
    isProbablySignedIn: () => session.isProbablySignedIn(),
    confirmSession: () => session.remember(),
    close: () => session.close(),
    async login(email, password, { rememberMe = false } = {}): Promise<SignedIn> {
      const answer = await data(anonymous.POST("/api/auth/login", { body: { email, password, rememberMe } }));
      if ("requiresOtp" in answer) {
        return answer;
      }
      session.signedIn();
      return { user: answer.user };
    },
    async verifyOtp(email, challengeId, otp): Promise<components["schemas"]["SignedInUser"]> {
      const { user } = await data(anonymous.POST("/api/auth/verify-otp", { body: { email, challengeId, otp } }));
      session.signedIn();
      return user;
    },
    async logout() {
      await data(anonymous.POST("/api/auth/logout"));
      session.ended();
    },
  };
}

class CookieSession {
  /** Sends cookies, but neither renews the session nor concludes that it ended. */
  readonly anonymous: Client<paths>;
  readonly #fetch: (request: Request) => Promise<Response>;
  readonly #channel: BroadcastChannel | undefined;

  constructor(
    baseUrl: string,
    private readonly options: CookieOptions,
  ) {
    this.#fetch = options.fetch ?? ((request) => globalThis.fetch(request));
    this.anonymous = createClient<paths>({ baseUrl, credentials: "include", fetch: this.#fetch });
    if (typeof BroadcastChannel !== "undefined") {
      this.#channel = new BroadcastChannel(CHANNEL);
      this.#channel.addEventListener("message", ({ data: change }: MessageEvent<SessionChange>) =>
        options.onSession?.(change),
      );
    }
  }

  close(): void {
    this.#channel?.close();
  }

  isProbablySignedIn(): boolean {
    return renewedAt() !== undefined;
  }

  /** Starts the clock of the next rotation, unless it runs. */
  remember(): void {
    if (renewedAt() === undefined) {
      write(Date.now());
    }
  }

  signedIn(): void {
    write(Date.now());
    this.#announce("signed-in");
  }

  ended(): void {
    write(undefined);
    this.#announce("signed-out");
  }

  /** Sends a request of a signed-in user, with one more try if the session could be renewed. */
  async send(request: Request): Promise<Response> {
    await this.#renewIfDue();
    const startedAt = Date.now();
    const again = request.clone();
    const response = await this.#fetch(request);
    if (response.status !== 401 || !(await isUnauthorized(response))) {
      return response;
    }
    if (await this.#renew(startedAt)) {
      return this.#fetch(again);
    }
    return response;
  }

  async #renewIfDue(): Promise<void> {
    const last = renewedAt();
    if (last === undefined) {
      return;
    }
    const age = Date.now() - last;
    // A negative age means that the computer's clock was set back.
    if (age < 0 || age > RENEW_AFTER) {
      // A failed rotation is no reason to hold the request back: the API renews the access cookie itself.
      await this.#renew(age < 0 ? Number.POSITIVE_INFINITY : last).catch(() => undefined);
    }
  }

  /** Rotates the session unless another request or tab has done so after `since`. False if the session has ended. */
  #renew(since: number): Promise<boolean> {
    return exclusively(async () => {
      const last = renewedAt();
      if (last !== undefined && last > since) {
        return true;
      }
      const { response } = await this.anonymous.POST("/api/auth/refresh", { body: {} });
      if (response.ok) {
        write(Date.now());
        return true;
      }
      if (response.status === 401) {
        if (last !== undefined) {
          this.ended();
        }
        return false;
      }
      // Rate-limited or out of order: the session may be alive.
      return false;
    });
  }

  #announce(change: SessionChange): void {
    this.#channel?.postMessage(change);
    this.options.onSession?.(change);
  }
}

/** One at a time among all tabs; where there are no Web Locks, in this tab alone. */
async function exclusively<T>(work: () => Promise<T>): Promise<T> {
  if (typeof navigator !== "undefined" && "locks" in navigator) {
    return navigator.locks.request(LOCK, work);
  }
  const turn = queue.then(work, work);
  queue = turn.catch(() => undefined);
  return turn;
}

let queue: Promise<unknown> = Promise.resolve();

/** Private windows may refuse storage: then the value lives as long as the page. */
let unstored: number | undefined;

function renewedAt(): number | undefined {
  try {
    const text = localStorage.getItem(RENEWED_AT);
    return text === null ? unstored : Number(text);
  } catch {
    return unstored;
  }
}

function write(at: number | undefined): void {
  try {
    if (at === undefined) {
      localStorage.removeItem(RENEWED_AT);
    } else {
      localStorage.setItem(RENEWED_AT, String(at));
    }
    unstored = undefined;
  } catch {
    unstored = at;
  }
}

async function isUnauthorized(response: Response): Promise<boolean> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return typeof body === "object" && body !== null && "code" in body && body.code === "UNAUTHORIZED";
}
