//! `users-build-export`: writes all of a user's data into one file.
//!
//! The file is written while the rows are read, a megabyte at a time, so memory stays bounded. Killed on the way, the
//! next delivery begins anew under the same key; the mail goes out with the change that shows the file, once.

use serde_json::{Map, Value};
use shared::auth::mailed::MailedToken;
use shared::aws::files::{Bucket, ObjectWriter};
use shared::aws::queue::BuildExport;
use shared::aws::secrets::Secrets;
use shared::clock::Timestamp;
use shared::domain::export::{Export, ExportState, object_key};
use shared::domain::mail::{EXPORT_LINK_VALID, Mail, MailContent};
use shared::events::Failure;
use shared::id::TokenSeed;
use shared::store::exports::UserRow;
use shared::store::{Permit, Refusal, Store, WriteError, keys};

/// What building takes.
#[derive(Debug)]
pub struct Builder {
    /// The table.
    pub store: Store,
    /// The keys that the link's token is derived from.
    pub secrets: Secrets,
    /// Where files lie.
    pub bucket: Bucket,
}

impl Builder {
    /// Builds the export that the message names, unless that was done or it was replaced.
    ///
    /// # Errors
    /// A service failed: the message comes again.
    pub async fn handle(&self, message: BuildExport, now: Timestamp) -> Result<(), Failure> {
        let BuildExport { user_id, export_id } = message;
        let Some(export) = self.store.export(user_id).await?.filter(|export| export.id == export_id) else {
            tracing::info!(%export_id, "export.not_wanted");
            // A try that was killed may have left the file.
            return Ok(self.bucket.delete(&object_key(user_id, export_id)).await?);
        };
        if export.state == ExportState::Ready {
            return Ok(());
        }
        let size = self.write(&export, now).await?;
        let keyring = self.secrets.keyring().await;
        let (seed, kid) = (TokenSeed::new(), keyring.current().to_owned());
        let token = MailedToken::derive(&keyring, &kid, seed).ok_or("no current key")?;
        let content = MailContent::ExportReady { seed, kid, expires_at: now.plus(EXPORT_LINK_VALID) };
        let mail = Mail::new(user_id, content, now);
        match self.store.finish_export(&Permit::of_system(), &export, size, &mail, &token).await {
            Err(WriteError::Refused(Refusal::ExportChanged)) => {
                // Replaced, deleted, or finished by another delivery, whose file lies under the same key.
                let kept = self.store.export(user_id).await?.is_some_and(|kept| kept.id == export_id);
                if !kept {
                    self.bucket.delete(&export.object_key()).await?;
                }
                Ok(())
            }
            finished => Ok(finished?),
        }
    }

    async fn write(&self, export: &Export, now: Timestamp) -> Result<u64, Failure> {
        let writer = self.bucket.writer(export.object_key(), "application/json; charset=utf-8");
        let mut file = File::begin(writer, now).await?;
        let mut after = None;
        loop {
            let page = self.store.rows_of_user(export.user_id, after.as_deref()).await?;
            for row in page.rows {
                file.add(row).await?;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return file.finish().await,
            }
        }
    }
}

/// A list of the file, and the rows that are in it.
struct Section {
    name: &'static str,
    prefix: &'static str,
    shown: Shown,
}

/// Which attributes of a row are shown.
enum Shown {
    /// These.
    Only(&'static [&'static str]),
    /// All but these, which only the machinery needs.
    AllBut(&'static [&'static str]),
}

const MACHINERY: Shown = Shown::AllBut(&[
    "userId",
    "plan",
    "plannedAt",
    "counted",
    "countedCategory",
    "cardsVersion",
    "overdueTold",
    keys::EXPIRES_AT,
]);

/// In the order of the sort keys, which is the order of the file.
const SECTIONS: [Section; 5] = [
    Section {
        name: "sessions",
        prefix: keys::SESSION_PREFIX,
        shown: Shown::Only(&["id", "device", "address", "memory", "createdAt", "refreshedAt"]),
    },
    Section { name: "attachments", prefix: keys::ATTACHMENT_PREFIX, shown: MACHINERY },
    Section { name: "notifications", prefix: keys::NOTIFICATION_PREFIX, shown: MACHINERY },
    Section { name: "reminders", prefix: keys::REMINDER_PREFIX, shown: MACHINERY },
    Section { name: "tasks", prefix: keys::TASK_PREFIX, shown: MACHINERY },
];

const ACCOUNT_SHOWN: Shown = Shown::Only(&[
    "id",
    "name",
    "email",
    "authProvider",
    "googleId",
    "isTwoFactorEnabled",
    "emailVerified",
    "timezone",
    "morningDigest",
    "createdAt",
    "updatedAt",
]);

impl Shown {
    fn of(&self, mut attributes: Map<String, Value>) -> Value {
        match self {
            Self::Only(names) => attributes.retain(|name, _| names.contains(&name.as_str())),
            Self::AllBut(names) => attributes.retain(|name, _| !names.contains(&name.as_str())),
        }
        Value::Object(attributes)
    }
}

/// The file on its way: one object with a list for each section.
struct File {
    writer: ObjectWriter,
    /// Sections whose list was begun.
    begun: usize,
    /// Whether the list that is open has rows.
    has_rows: bool,
    /// Up to when all notifications are read. Their rows do not tell: marking all as read is one write, to the inbox,
    /// whose sort key comes before theirs.
    read_upto: Option<Timestamp>,
}

impl File {
    async fn begin(mut writer: ObjectWriter, now: Timestamp) -> Result<Self, Failure> {
        writer.write(format!("{{\"exportedAt\":\"{now}\"").as_bytes()).await?;
        Ok(Self { writer, begun: 0, has_rows: false, read_upto: None })
    }

    async fn add(&mut self, mut row: UserRow) -> Result<(), Failure> {
        if row.sk == keys::ACCOUNT {
            let user = ACCOUNT_SHOWN.of(row.attributes);
            return self.text(&format!(",\"user\":{user}")).await;
        }
        if row.sk == keys::INBOX {
            self.read_upto = instant(&row.attributes, "readUpto");
            return Ok(());
        }
        if row.sk.starts_with(keys::NOTIFICATION_PREFIX) && was_read(&row.attributes, self.read_upto) {
            row.attributes.insert("isRead".to_owned(), Value::Bool(true));
        }
        let Some(at) = SECTIONS.iter().position(|section| row.sk.starts_with(section.prefix)) else {
            return Ok(());
        };
        self.open_until(at + 1).await?;
        let Some(section) = SECTIONS.get(at) else {
            return Ok(());
        };
        let comma = if std::mem::replace(&mut self.has_rows, true) { "," } else { "" };
        self.text(&format!("{comma}{}", section.shown.of(row.attributes))).await
    }

    /// Closes lists and begins the next ones until so many were begun.
    async fn open_until(&mut self, count: usize) -> Result<(), Failure> {
        for section in SECTIONS.iter().take(count).skip(self.begun) {
            let end = if self.begun > 0 { "]" } else { "" };
            self.begun += 1;
            self.has_rows = false;
            self.text(&format!("{end},\"{}\":[", section.name)).await?;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<u64, Failure> {
        self.open_until(SECTIONS.len()).await?;
        self.text("]}").await?;
        Ok(self.writer.finish().await?)
    }

    async fn text(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.writer.write(text.as_bytes()).await?)
    }
}

fn instant(attributes: &Map<String, Value>, name: &str) -> Option<Timestamp> {
    Timestamp::parse(attributes.get(name)?.as_str()?).ok()
}

/// Whether a notification was made before all were marked as read.
fn was_read(notification: &Map<String, Value>, read_upto: Option<Timestamp>) -> bool {
    instant(notification, "createdAt").zip(read_upto).is_some_and(|(made, upto)| made <= upto)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sections_stand_in_the_order_of_their_sort_keys() {
        assert!(SECTIONS.windows(2).all(|pair| matches!(pair, [a, b] if a.prefix < b.prefix)));
        assert!(keys::ACCOUNT < SECTIONS[0].prefix);
        assert!(keys::INBOX < keys::NOTIFICATION_PREFIX, "the mark is known when the notifications come");
    }

    #[test]
    fn secrets_are_not_shown() {
        let attributes = serde_json::json!({"id": "1", "passwordHash": "x", "resetHash": "y", "refreshHash": "z"});
        let Value::Object(attributes) = attributes else { panic!("no object") };
        assert_eq!(ACCOUNT_SHOWN.of(attributes.clone()), serde_json::json!({"id": "1"}));
        assert_eq!(SECTIONS[0].shown.of(attributes), serde_json::json!({"id": "1"}));
    }
}
