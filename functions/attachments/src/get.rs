//! `GET /api/attachments/{id}`

use aws_types::SdkConfig;
use media::Kind;
use serde::Serialize;
use shared::aws::files::Bucket;
use shared::clock::Timestamp;
use shared::config::{Variable, required};
use shared::domain::attachment::{Attachment, AttachmentStatus, DOWNLOAD_VALID};
use shared::domain::body::NoBody;
use shared::domain::field::Parameter;
use shared::http::accept::prefers;
use shared::http::{ApiError, App, Either, ErrorCode, Operation, Redirect, Request, Resources, Success, WithHead};
use shared::id::AttachmentId;
use shared::inline_schema;
use shared::runtime::Error;

use crate::ATTACHMENT;

/// The bucket that holds the files.
#[derive(Debug)]
pub struct Files {
    bucket: Bucket,
}

impl Resources for Files {
    const VARIABLES: &'static [Variable] = &[Variable::UploadsBucket];

    fn from_environment(sdk: &SdkConfig) -> Result<Self, Error> {
        Ok(Self { bucket: Bucket::new(sdk, required(Variable::UploadsBucket)?) })
    }
}

/// The URL of a file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct FileLocation {
    #[cfg_attr(feature = "schema", schemars(with = "shared::schema::Uri"))]
    url: String,
    /// When the URL stops working.
    expires_at: Timestamp,
}

struct ThumbnailFlag;

inline_schema!(ThumbnailFlag, { "type": "string", "examples": ["true"] });

const PARAMETERS: [Parameter; 1] = [Parameter::once::<ThumbnailFlag>("thumbnail", "`true` for the thumbnail")];

pub const OPERATION: Operation<NoBody, Either<Redirect, Success<FileLocation>>> =
    Operation::get("/api/attachments/{id}", "Redirect to the file, or return its URL to a client that accepts JSON")
        .describe("Available once `status` is `ready`. The URL works for five minutes.")
        .query(&PARAMETERS)
        .errors(&[ErrorCode::AttachmentNotReady]);

pub async fn handle(
    app: &App,
    request: &Request<'_>,
    files: &Files,
) -> Result<Either<Redirect, Success<FileLocation>>, ApiError> {
    let id = request.path_id(ATTACHMENT, AttachmentId::parse)?;
    let caller = request.caller()?;
    // The URL works without a session, so an ended one gets none.
    let found = app.store.attachment_in_session((caller.id, caller.session), id, request.now()).await?;
    let attachment = found.ok_or_else(|| ApiError::not_found(ATTACHMENT))?;
    check_ready(&attachment)?;
    let (key, name, kind) = object(&attachment, Object::requested(request.parameter("thumbnail")))?;
    let url = files.bucket.presign_download(&key, &name, DOWNLOAD_VALID).await.map_err(ApiError::internal)?;
    if prefers(request.header("accept").unwrap_or_default(), "application/json", kind.mime()) {
        let location = FileLocation { url, expires_at: request.now().plus(DOWNLOAD_VALID) };
        return Ok(Either::Right(Success::new("Attachment retrieved successfully", location).confidential()));
    }
    Ok(Either::Left(Redirect::to(url).confidential()))
}

fn check_ready(attachment: &Attachment) -> Result<(), ApiError> {
    let not_ready = ApiError::new(ErrorCode::AttachmentNotReady);
    match attachment.card.status {
        AttachmentStatus::Ready => Ok(()),
        AttachmentStatus::Rejected => Err(not_ready.with_message("The file was rejected")),
        AttachmentStatus::Pending | AttachmentStatus::Processing => Err(not_ready),
    }
}

/// An object of an attachment.
#[derive(Clone, Copy)]
enum Object {
    File,
    Thumbnail,
}

impl Object {
    /// The object that the parameter `thumbnail` selects.
    fn requested(thumbnail: Option<&str>) -> Self {
        if thumbnail == Some("true") { Self::Thumbnail } else { Self::File }
    }
}

/// The key of an object, the file name for its download, and its kind.
fn object(attachment: &Attachment, object: Object) -> Result<(String, String, Kind), ApiError> {
    let kind = attachment.kind().ok_or_else(|| ApiError::internal("an attachment of no kind"))?;
    let name = &attachment.card.filename;
    match object {
        Object::File => Ok((attachment.keys().file(), name.for_download(kind), kind)),
        Object::Thumbnail if attachment.card.has_thumbnail => {
            Ok((attachment.keys().thumbnail(), name.for_download(Kind::Webp), Kind::Webp))
        }
        Object::Thumbnail => Err(ApiError::not_found("Thumbnail")),
    }
}
