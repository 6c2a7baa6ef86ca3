/**
 * A typed client of the API: the types of `docs/openapi.json`.
 *
 * `spacedly.api` has every operation (openapi-fetch); `data` takes an answer out of its envelope, or throws.
 */

export { ApiError, data, etag, hasCode, type ErrorCode, type Refusal } from "./answer.js";
export { connectWithCookies, type CookieOptions, type CookieSpacedly, type SessionChange } from "./cookies.js";
export { FILE_TYPES, FileError, fileType, MAX_FILE_BYTES, MAX_FILES, type FileErrorCode, type FileType } from "./files.js";
export { connect, type Options, type SignedIn, type Spacedly, type Tokens } from "./session.js";
export { upload, uploadFiles, type Attachment, type Uploaded, type UploadOptions } from "./upload.js";
export type { components, operations, paths } from "./schema.js";
