//! The bucket.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier};
use aws_types::SdkConfig;

use super::CallFailed;
use crate::clock::Timestamp;
use crate::config::lambda_variable;
use crate::domain::cleanup::Left;

/// Fewest bytes of a part but the last (S3's limit is 5 MiB).
const PART: usize = 8 * 1024 * 1024;

/// A bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// The bucket of this name.
    pub fn new(sdk: &SdkConfig, name: String) -> Self {
        // A local cloud has no names of its own for buckets.
        let path_style = lambda_variable("AWS_ENDPOINT_URL").is_some();
        // A presigned upload's body is not known here; its checksum would be that of nothing.
        let config = Builder::from(sdk)
            .force_path_style(path_style)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .build();
        Self { client: Client::from_conf(config), name }
    }

    /// An address that takes one object of exactly this type and length, once: S3 refuses another while it is there
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>).
    ///
    /// # Errors
    /// Never with a sensible `valid`: at most seven days.
    pub async fn presign_upload(
        &self,
        key: &str,
        content_type: &str,
        length: u64,
        valid: Duration,
    ) -> Result<Upload, CallFailed> {
        const OPERATION: &str = "PutObject";
        let config = PresigningConfig::expires_in(valid).map_err(|error| failed(OPERATION, &error))?;
        let put = self.client.put_object().bucket(&self.name).key(key).content_type(content_type);
        let put = put.content_length(i64::try_from(length).unwrap_or(i64::MAX)).if_none_match("*");
        let presigned = put.presigned(config).await.map_err(|error| CallFailed::new(OPERATION, &error))?;
        let headers = presigned.headers().filter(|(name, _)| FOR_THE_CLIENT.contains(name));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Upload { url: presigned.uri().to_owned(), headers })
    }

    /// Puts an object where none is; one that is there stays. As a presigned upload does.
    ///
    /// # Errors
    /// The service failed, or another upload to this key is under way.
    pub async fn put_new(&self, key: &str, content_type: &str, bytes: Vec<u8>) -> Result<(), CallFailed> {
        let put = self.client.put_object().bucket(&self.name).key(key).content_type(content_type);
        match put.if_none_match("*").body(ByteStream::from(bytes)).send().await {
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(()),
            sent => sent.map(|_| ()).map_err(|error| CallFailed::new("PutObject", &error)),
        }
    }

    /// Puts an object in place of whatever is there.
    ///
    /// # Errors
    /// The service failed.
    pub async fn put(&self, key: &str, content_type: &str, bytes: Vec<u8>) -> Result<(), CallFailed> {
        let put = self.client.put_object().bucket(&self.name).key(key).content_type(content_type);
        let sent = put.body(ByteStream::from(bytes)).send().await;
        sent.map(|_| ()).map_err(|error| CallFailed::new("PutObject", &error))
    }

    /// An object of at most `most` bytes; `None` when there is none.
    ///
    /// Whoever may not list the bucket gets 403 for a key that is not there
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>), so that counts as missing too. It is logged,
    /// for it is also the answer where the permission to read is missing.
    ///
    /// # Errors
    /// The service failed; that it is longer is the inner error.
    pub async fn get(&self, key: &str, most: u64) -> Result<Option<Result<Vec<u8>, TooLong>>, CallFailed> {
        const OPERATION: &str = "GetObject";
        let object = match self.client.get_object().bucket(&self.name).key(key).send().await {
            Ok(object) => object,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(error) if error.code() == Some("AccessDenied") => {
                tracing::warn!("files.missing_or_denied");
                return Ok(None);
            }
            Err(error) => return Err(CallFailed::new(OPERATION, &error)),
        };
        let length = object.content_length().and_then(|length| u64::try_from(length).ok());
        if length.is_none_or(|length| length > most) {
            return Ok(Some(Err(TooLong)));
        }
        let bytes = object.body.collect().await.map_err(|error| failed(OPERATION, &error))?;
        Ok(Some(Ok(bytes.to_vec())))
    }

    /// An address that gives the object away for so long, as a download with this name.
    ///
    /// # Errors
    /// Never with a sensible `valid`: at most seven days.
    pub async fn presign_download(&self, key: &str, filename: &str, valid: Duration) -> Result<String, CallFailed> {
        const OPERATION: &str = "GetObject";
        let config = PresigningConfig::expires_in(valid).map_err(|error| failed(OPERATION, &error))?;
        let presigned = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(key)
            .response_content_disposition(disposition(filename))
            .presigned(config)
            .await
            .map_err(|error| CallFailed::new(OPERATION, &error))?;
        Ok(presigned.uri().to_owned())
    }

    /// Begins to write an object whose length is not known yet.
    pub fn writer(&self, key: String, content_type: &'static str) -> ObjectWriter {
        ObjectWriter { bucket: self.clone(), key, content_type, buffer: Vec::new(), upload: None, written: 0 }
    }

    /// Deletes an object; one that is not there is deleted already.
    ///
    /// # Errors
    /// The service failed.
    pub async fn delete(&self, key: &str) -> Result<(), CallFailed> {
        let sent = self.client.delete_object().bucket(&self.name).key(key).send().await;
        sent.map(|_| ()).map_err(|error| CallFailed::new("DeleteObject", &error))
    }

    /// A page of at most 1,000 objects whose keys begin so, in the order of their keys, behind the key `after`.
    ///
    /// # Errors
    /// The service failed.
    pub async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Listing, CallFailed> {
        let list = self.client.list_objects_v2().bucket(&self.name).prefix(prefix);
        let listed = list.set_start_after(after.map(ToOwned::to_owned)).send().await;
        let listed = listed.map_err(|error| CallFailed::new("ListObjectsV2", &error))?;
        let object = |object: aws_sdk_s3::types::Object| {
            Some(Object { key: object.key?, modified: Timestamp::from_second(object.last_modified?.secs()).ok()? })
        };
        let has_more = listed.is_truncated() == Some(true);
        Ok(Listing { objects: listed.contents.unwrap_or_default().into_iter().filter_map(object).collect(), has_more })
    }

    /// Whether an object is there. Asks for listing only: it is not opened.
    ///
    /// # Errors
    /// The service failed.
    pub async fn has(&self, key: &str) -> Result<bool, CallFailed> {
        let listed = self.client.list_objects_v2().bucket(&self.name).prefix(key).max_keys(1).send().await;
        let listed = listed.map_err(|error| CallFailed::new("ListObjectsV2", &error))?;
        Ok(listed.contents().iter().any(|object| object.key() == Some(key)))
    }

    /// Deletes the objects whose keys begin so, up to `pages` × 1,000 of them; answers whether any may be left.
    ///
    /// # Errors
    /// The service failed; what was not deleted yet is deleted by the next try.
    pub async fn delete_all(&self, prefix: &str, pages: u32) -> Result<Left, CallFailed> {
        for _ in 0..pages {
            let listed = self.client.list_objects_v2().bucket(&self.name).prefix(prefix).send().await;
            let listed = listed.map_err(|error| CallFailed::new("ListObjectsV2", &error))?;
            let ids: Vec<ObjectIdentifier> = listed
                .contents()
                .iter()
                .filter_map(|object| object.key())
                .map(|key| ObjectIdentifier::builder().key(key).build())
                .collect::<Result<_, _>>()
                .map_err(|error| failed("DeleteObjects", &error))?;
            if ids.is_empty() {
                return Ok(Left::Nothing);
            }
            let delete = Delete::builder().set_objects(Some(ids)).quiet(true).build();
            let delete = delete.map_err(|error| failed("DeleteObjects", &error))?;
            let deleted = self.client.delete_objects().bucket(&self.name).delete(delete).send().await;
            let deleted = deleted.map_err(|error| CallFailed::new("DeleteObjects", &error))?;
            if let Some(error) = deleted.errors().first() {
                let code = error.code().unwrap_or("none").to_owned();
                let detail = error.message().unwrap_or("no message").to_owned();
                return Err(CallFailed { operation: "DeleteObjects", code, detail });
            }
            if listed.is_truncated() != Some(true) {
                return Ok(Left::Nothing);
            }
        }
        Ok(Left::Some)
    }
}

/// Some of a bucket's objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// In the order of their keys.
    pub objects: Vec<Object>,
    /// Whether there are more behind them.
    pub has_more: bool,
}

/// An object that lies in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// When it was put there.
    pub modified: Timestamp,
}

/// Where and how an object is to be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Where to.
    pub url: String,
    /// Headers that must be sent with it, as they are.
    pub headers: BTreeMap<String, String>,
}

/// The headers that a client has to set: the bucket's CORS rules admit these alone. Others it sends by itself (host,
/// length), or they are the SDK's own (in a traced function, `x-amzn-trace-id`).
const FOR_THE_CLIENT: [&str; 2] = ["content-type", "if-none-match"];

/// The object is longer than asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// `Content-Disposition` of a download (RFC 6266 §4.3): a name for old programs, and the real one.
fn disposition(filename: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    let fallback: String = filename.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    // RFC 8187 §3.2.1: all but attr-char is percent-encoded.
    let encoded: String = filename
        .bytes()
        .map(|byte| match byte {
            b'.' | b'-' | b'_' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{encoded}")
}

/// An object on its way into the bucket, in parts: memory stays bounded whatever its length. Nothing is there until
/// [`ObjectWriter::finish`]; what an unfinished one left is removed by the bucket's life cycle.
#[derive(Debug)]
pub struct ObjectWriter {
    bucket: Bucket,
    key: String,
    content_type: &'static str,
    buffer: Vec<u8>,
    upload: Option<Multipart>,
    written: u64,
}

#[derive(Debug)]
struct Multipart {
    id: String,
    parts: Vec<CompletedPart>,
}

impl ObjectWriter {
    /// Writes on.
    ///
    /// # Errors
    /// The service failed.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), CallFailed> {
        self.buffer.extend_from_slice(bytes);
        self.written += bytes.len() as u64;
        if self.buffer.len() >= PART {
            self.flush().await?;
        }
        Ok(())
    }

    /// Puts the object in place; answers its length in bytes.
    ///
    /// # Errors
    /// The service failed.
    pub async fn finish(mut self) -> Result<u64, CallFailed> {
        if self.upload.is_none() {
            let Bucket { client, name } = &self.bucket;
            let put = client.put_object().bucket(name).key(&self.key).content_type(self.content_type);
            let body = ByteStream::from(std::mem::take(&mut self.buffer));
            put.body(body).send().await.map_err(|error| CallFailed::new("PutObject", &error))?;
            return Ok(self.written);
        }
        if !self.buffer.is_empty() {
            self.flush().await?;
        }
        if let Some(Multipart { id, parts }) = self.upload {
            let Bucket { client, name } = &self.bucket;
            let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
            let complete = client.complete_multipart_upload().bucket(name).key(&self.key).upload_id(id);
            let sent = complete.multipart_upload(parts).send().await;
            sent.map_err(|error| CallFailed::new("CompleteMultipartUpload", &error))?;
        }
        Ok(self.written)
    }

    async fn flush(&mut self) -> Result<(), CallFailed> {
        let Bucket { client, name } = &self.bucket;
        let mut upload = match self.upload.take() {
            Some(upload) => upload,
            None => {
                let create = client.create_multipart_upload().bucket(name).key(&self.key);
                // S3 wants to be told which checksum the parts carry, and the same in each part and at the end.
                let create = create.checksum_algorithm(ChecksumAlgorithm::Crc32);
                let created = create.content_type(self.content_type).send().await;
                let created = created.map_err(|error| CallFailed::new("CreateMultipartUpload", &error))?;
                Multipart { id: created.upload_id.unwrap_or_default(), parts: Vec::new() }
            }
        };
        let number = i32::try_from(upload.parts.len() + 1).unwrap_or(i32::MAX);
        let body = ByteStream::from(std::mem::take(&mut self.buffer));
        let part = client.upload_part().bucket(name).key(&self.key).upload_id(&upload.id).part_number(number);
        let part = part.checksum_algorithm(ChecksumAlgorithm::Crc32).body(body);
        let sent = part.send().await.map_err(|error| CallFailed::new("UploadPart", &error))?;
        let completed = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag);
        upload.parts.push(completed.set_checksum_crc32(sent.checksum_crc32).build());
        self.upload = Some(upload);
        Ok(())
    }
}

fn failed(operation: &'static str, error: &dyn std::error::Error) -> CallFailed {
    CallFailed { operation, code: "none".to_owned(), detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_downloads_are_harmless_in_a_header() {
        assert_eq!(disposition("a b.pdf"), "attachment; filename=\"a b.pdf\"; filename*=UTF-8''a%20b.pdf");
        let odd = disposition("\"é;\r\n.pdf");
        assert_eq!(odd, "attachment; filename=\"_____.pdf\"; filename*=UTF-8''%22%C3%A9%3B%0D%0A.pdf");
    }
}
