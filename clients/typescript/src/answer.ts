import type { components } from "./schema.js";

/** The body of a failure. `code` is stable; `message` is for people. */
export type Refusal = components["schemas"]["Error"];

/** Every code of the API's failures. */
export type ErrorCode = Refusal["code"];

/** A failure, or an answer that is not the API's own (the gateway's 413, 429 and 503): then without a `refusal`. */
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

  get code(): ErrorCode | undefined {
    return this.refusal?.code;
  }

  /** What is wrong with a field of the request; undefined if nothing is. */
  field(name: string): string | undefined {
    return this.refusal?.errors?.find((error) => error.field === name)?.message;
  }
}

/** Whether an error is the API's failure with this code: `hasCode(error, "PRECONDITION_FAILED")`. */
export function hasCode<C extends ErrorCode>(
  error: unknown,
  ...codes: C[]
): error is ApiError & { readonly code: C; readonly refusal: Refusal & { code: C } } {
  return error instanceof ApiError && codes.some((code) => code === error.code);
}

/** The value for `If-Match` of a task or a reminder as it was read. */
export function etag({ version }: { version: number }): string {
  return `"${version}"`;
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
  if (isSuccess(success)) {
    return success.data;
  }
  throw new ApiError(response, isRefusal(error) ? error : undefined);
}

/** A captive portal or a wrong address answers 200 with something else. */
function isSuccess<S extends { success: true }>(answer: S | undefined): answer is S {
  return typeof answer === "object" && answer !== null && answer.success === true;
}

function isRefusal(error: unknown): error is Refusal {
  return typeof error === "object" && error !== null && "code" in error && "requestId" in error;
}
