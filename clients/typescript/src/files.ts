/** What the API accepts as an attachment, checked before anything is sent. */

/** Extension → media type. */
export const FILE_TYPES = {
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  png: "image/png",
  gif: "image/gif",
  webp: "image/webp",
  pdf: "application/pdf",
  doc: "application/msword",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  txt: "text/plain",
  xls: "application/vnd.ms-excel",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  ppt: "application/vnd.ms-powerpoint",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
} as const;

export type FileType = (typeof FILE_TYPES)[keyof typeof FILE_TYPES];

/** Most bytes of one file. */
export const MAX_FILE_BYTES = 10 * 1024 * 1024;
/** Most files of one announcement. */
export const MAX_FILES = 10;

/** Why a file was not, or could not be, attached. */
export type FileErrorCode = "FILE_EMPTY" | "FILE_TOO_LARGE" | "FILE_TYPE" | "UPLOAD_INTERRUPTED" | "STILL_PROCESSING";

/** A file that cannot be attached, or whose upload did not come to an end. */
export class FileError extends Error {
  override readonly name = "FileError";

  constructor(
    readonly code: FileErrorCode,
    readonly filename: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The media type to announce for a file, by its name: browsers leave `File.type` empty for types they do not know.
 *
 * @throws {FileError} if the API would refuse it: empty, over 10 MB, or of a type that is not accepted.
 */
export function fileType(file: { name: string; size: number }): FileType {
  const extension = file.name.slice(file.name.lastIndexOf(".") + 1).toLowerCase();
  if (!Object.hasOwn(FILE_TYPES, extension) || !file.name.includes(".")) {
    throw new FileError("FILE_TYPE", file.name, `${file.name} is of a type that is not accepted`);
  }
  if (file.size === 0) {
    throw new FileError("FILE_EMPTY", file.name, `${file.name} is empty`);
  }
  if (file.size > MAX_FILE_BYTES) {
    throw new FileError("FILE_TOO_LARGE", file.name, `${file.name} is larger than 10 MB`);
  }
  return FILE_TYPES[extension as keyof typeof FILE_TYPES];
}
