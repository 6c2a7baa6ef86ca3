//! The bucket.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier};
use aws_types::SdkConfig;

use super::CallFailed;
use crate::config::optional;
use crate::store::accounts::Left;

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
        let path_style = optional("AWS_ENDPOINT_URL").is_some();
        let config = Builder::from(sdk).force_path_style(path_style).build();
        Self { client: Client::from_conf(config), name }
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
            .response_content_disposition(format!("attachment; filename=\"{filename}\""))
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

/// An object on its way into the bucket, in parts: memory stays bounded whatever its length. Nothing is there until
/// [`ObjectWriter::finish`]; what an unfinished one left is removed by the bucket's life cycle.
#[derive(Debug)]
pub struct ObjectWriter {
    bucket: Bucket,
    key: String,
    content_type: &'static str,
    buffer: Vec<u8>,
    upload: Option<Upload>,
    written: u64,
}

#[derive(Debug)]
struct Upload {
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
        self.flush().await?;
        if let Some(Upload { id, parts }) = self.upload {
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
                Upload { id: created.upload_id.unwrap_or_default(), parts: Vec::new() }
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
