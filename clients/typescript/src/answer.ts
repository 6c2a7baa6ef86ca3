import type { components } from "./schema.js";

/** What the API says when it refuses. `code` is stable; `message` is for people. */
export type Refusal = components["schemas"]["Error"];

/** A refusal, or an answer that is not the API's own (the gateway's 413, 429 and 503): then without a `refusal`. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** The HTTP status. */
  readonly status: number;
  readonly refusal: Refusal | undefined;
  /** Seconds until the same request may pass, where the API said so. */
  readonly retryAfter: number | undefined;

  constructor(response: Response, refusal: Refusal | undefined) {
    super(refusal?.message ?? `${response.status} ${response.statusText}`);
    this.status = response.status;
    this.refusal = refusal;
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    this.retryAfter = Number.isNaN(seconds) ? undefined : seconds;
  }

  get code(): Refusal["code"] | undefined {
    return this.refusal?.code;
  }

  /** What is wrong with a field of the request; undefined if nothing is. */
  field(name: string): string | undefined {
    return this.refusal?.errors?.find((error) => error.field === name)?.message;
  }
}

/** What openapi-fetch returns for an operation whose successes are enveloped. */
interface Answer<S> {
  data?: S | undefined;
  error?: unknown;
  response: Response;
}

/**
 * The data of a success.
 *
 * @throws {ApiError} for everything else that was answered.
 * @throws {TypeError} if there was no answer (fetch's own).
 */
export async function data<S extends { success: true; data: unknown }>(answer: Promise<Answer<S>>): Promise<S["data"]> {
  const { data: success, error, response } = await answer;
  if (success !== undefined) {
    return success.data;
  }
  throw new ApiError(response, isRefusal(error) ? error : undefined);
}

function isRefusal(error: unknown): error is Refusal {
  return typeof error === "object" && error !== null && "code" in error && "requestId" in error;
}
