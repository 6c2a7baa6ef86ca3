/** Failures, as sentences that say what to do. */

import { ApiError, FileError, hasCode } from "@spacedly/client";

import { showDuration } from "./time";
import { words } from "./words";

const said = words.errors;

/** A change that got no answer: it may have been saved or not. */
export class UnansweredChange extends Error {}

/** The sentence for whatever went wrong. */
export function sentence(error: unknown): string {
  if (error instanceof UnansweredChange) {
    return `${sentence(error.cause)} ${said.mayNotBeSaved}`;
  }
  if (error instanceof FileError) {
    return said.files[error.code](error.filename);
  }
  if (error instanceof ApiError) {
    return ofApi(error);
  }
  if (error instanceof DOMException && (error.name === "TimeoutError" || error.name === "AbortError")) {
    return said.slow;
  }
  if (error instanceof TypeError) {
    return navigator.onLine ? said.unreachable : said.offline;
  }
  return said.unexpected;
}

function ofApi(error: ApiError): string {
  if (error.status === 429) {
    return said.tooMany(error.retryAfter ? showDuration(error.retryAfter * 1000) : said.aMoment);
  }
  if (!error.code) {
    return error.status === 503 || error.status === 502 ? (said.codes.UNAVAILABLE ?? "") : said.unexpected;
  }
  const known = said.codes[error.code] ?? error.message;
  return hasCode(error, "INTERNAL") && error.refusal.requestId ? `${known} ${said.reference(error.refusal.requestId)}` : known;
}

/** Messages of bad fields by name; empty for every other failure. */
export function fieldErrors(error: unknown): Record<string, string> {
  const errors = hasCode(error, "VALIDATION_FAILED") ? (error.refusal.errors ?? []) : [];
  return Object.fromEntries(errors.map(({ field, message }) => [field, said.messages[message] ?? message]));
}

/** Whether the failure means that nobody is signed in. */
export const isSignedOut = (error: unknown) => hasCode(error, "UNAUTHORIZED");
