//! Which of a user's files are being processed: a bounded number at a time, so that they leave room for those of others.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use super::update::Expression;
use super::{Permit, Store, WriteError, keys, number, text};
use crate::clock::Timestamp;
use crate::id::{AttachmentId, UserId};

/// How long a file keeps its place if its function is killed: longer than the function's timeout of 60 s.
const KEPT: Duration = Duration::from_secs(120);
/// The identifiers of the files, a set.
const FILES: &str = "files";

/// All places are taken, or the one to leave is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceRefused;

impl Store {
    /// Takes a place for processing a file, of `most` that its user has. Returns whether there was one; a file that has a place
    /// keeps it. When no file of the user began for two minutes, all places are free again, those of killed functions too.
    /// 1 call; 2 if there is no place.
    ///
    /// # Errors
    /// The table failed.
    pub async fn take_place(
        &self,
        permit: &Permit,
        (user, file): (UserId, AttachmentId),
        most: u32,
        now: Timestamp,
    ) -> Result<bool, WriteError<PlaceRefused>> {
        let until = number(now.plus(KEPT).as_second());
        let mut one_more = Expression::default();
        one_more.set(keys::EXPIRES_AT, until.clone()).add_member(FILES, &file.to_string());
        let (files, most) = (one_more.name(FILES), one_more.value(number(most)));
        let id = one_more.value(text(file.to_string()));
        one_more
            .require(format!("(attribute_not_exists({files}) OR size({files}) < {most} OR contains({files}, {id}))"));
        if self.change_places(permit, user, one_more).await? {
            return Ok(true);
        }
        let mut only = Expression::default();
        only.set(FILES, AttributeValue::Ss(vec![file.to_string()])).set(keys::EXPIRES_AT, until);
        let (expires, present) = (only.name(keys::EXPIRES_AT), only.value(number(now.as_second())));
        only.require(format!("{expires} <= {present}"));
        self.change_places(permit, user, only).await
    }

    /// Gives a file's place back. 1 call.
    ///
    /// # Errors
    /// The table failed; the place is free again when the user's files rest.
    pub async fn leave_place(
        &self,
        permit: &Permit,
        (user, file): (UserId, AttachmentId),
    ) -> Result<(), WriteError<PlaceRefused>> {
        let mut change = Expression::default();
        change.remove_member(FILES, &file.to_string());
        let (files, id) = (change.name(FILES), change.value(text(file.to_string())));
        change.require(format!("contains({files}, {id})"));
        self.change_places(permit, user, change).await.map(|_| ())
    }

    /// Returns whether the condition held.
    async fn change_places(
        &self,
        permit: &Permit,
        user: UserId,
        change: Expression,
    ) -> Result<bool, WriteError<PlaceRefused>> {
        match self.update_row(permit, keys::processing(user), change, PlaceRefused).await {
            Ok(()) => Ok(true),
            Err(WriteError::Refused(PlaceRefused)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
