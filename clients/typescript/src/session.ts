import createClient, { type Client, type Middleware } from "openapi-fetch";

import { data } from "./answer.js";
import type { components, paths } from "./schema.js";

export type Tokens = components["schemas"]["Tokens"];

/** A login either opened the session, or wants the mailed code: `verifyOtp`. */
export type SignedIn =
  | { user: components["schemas"]["SignedInUser"] }
  | { requiresOtp: true; challengeId: string; expiresAt: string };

export interface Options {
  /** Stands in for the global fetch. */
  fetch?: (request: Request) => Promise<Response>;
  /** Tokens of an earlier `onTokens`. */
  tokens?: Tokens;
  /** Told of every change, for keeping them; undefined after a logout. */
  onTokens?: (tokens: Tokens | undefined) => void;
}

/** One connection to the API, signed in or not. */
export interface Spacedly {
  /** Every operation, by method and path. */
  readonly api: Client<paths>;
  /** `rememberMe` keeps an idle session for 30 days instead of 7. */
  login(email: string, password: string, options?: { rememberMe?: boolean }): Promise<SignedIn>;
  /** Ends what `login` began with `requiresOtp`. */
  verifyOtp(email: string, challengeId: string, otp: string): Promise<components["schemas"]["SignedInUser"]>;
  /** Ends the session; the client forgets its tokens even if the API is out of reach. */
  logout(): Promise<void>;
}

/** An access token is renewed when it has less than this left, in ms. */
const RENEW_BEFORE = 60_000;
/** The header and its value that have tokens sent in the body instead of cookies. */
const IN_BODY = { header: { "X-Token-Delivery": "body" } } as const;

/**
 * A client for scripts, servers and apps: it keeps its tokens itself and sends them as Bearer, renewed in time.
 * A page in a browser uses `connectWithCookies` instead.
 *
 * @param baseUrl Where the API is, without `/api`.
 */
export function connect(baseUrl: string, options: Options = {}): Spacedly {
  const settings = { baseUrl, ...(options.fetch && { fetch: options.fetch }) };
  const anonymous = createClient<paths>(settings);
  const session = new Session(anonymous, options);
  const api = createClient<paths>(settings);
  api.use(session.middleware());
  return {
    api,
    async login(email, password, { rememberMe = false } = {}) {
      const body = { email, password, rememberMe };
      const answer = await data(anonymous.POST("/api/auth/login", { params: IN_BODY, body }));
      if ("requiresOtp" in answer) {
        return answer;
      }
      session.keep(answer.tokens);
      return { user: answer.user };
    },
    async verifyOtp(email, challengeId, otp) {
      const body = { email, challengeId, otp };
      const { user, tokens } = await data(anonymous.POST("/api/auth/verify-otp", { params: IN_BODY, body }));
      session.keep(tokens);
      return user;
    },
    async logout() {
      try {
        await data(api.POST("/api/auth/logout"));
      } finally {
        session.keep(undefined);
      }
    },
  };
}

class Session {
  #tokens: Tokens | undefined;
  #expiresAt = 0;
  #renewal: Promise<void> | undefined;

  constructor(
    private readonly anonymous: Client<paths>,
    private readonly options: Options,
  ) {
    // How old given tokens are is unknown: their first use renews them.
    this.#tokens = options.tokens;
  }

  keep(tokens: Tokens | undefined): void {
    this.#tokens = tokens;
    this.#expiresAt = tokens ? Date.now() + tokens.expiresIn * 1000 : 0;
    this.options.onTokens?.(tokens);
  }

  middleware(): Middleware {
    return {
      onRequest: async ({ request }) => {
        if (this.#tokens && Date.now() > this.#expiresAt - RENEW_BEFORE) {
          // Requests that come together wait for one renewal.
          this.#renewal ??= this.#renew(this.#tokens).finally(() => (this.#renewal = undefined));
          await this.#renewal;
        }
        if (this.#tokens) {
          request.headers.set("Authorization", `Bearer ${this.#tokens.accessToken}`);
        }
        return request;
      },
    };
  }

  async #renew({ refreshToken }: Tokens): Promise<void> {
    const { tokens } = await data(
      this.anonymous.POST("/api/auth/refresh", { params: IN_BODY, body: { refreshToken } }),
    );
    this.keep(tokens);
  }
}
