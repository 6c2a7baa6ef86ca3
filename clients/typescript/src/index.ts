/**
 * A typed client of the API: what `docs/openapi.json` says, as TypeScript's types.
 *
 * `spacedly.api` has every operation (openapi-fetch); `data` takes an answer out of its envelope, or throws.
 */

export { ApiError, data, type Refusal } from "./answer.js";
export { connect, type Options, type SignedIn, type Spacedly, type Tokens } from "./session.js";
export { upload, type Attachment } from "./upload.js";
export type { components, operations, paths } from "./schema.js";
