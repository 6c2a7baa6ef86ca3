//! `users-build-export`: writes all of a user's data into one file.
//!
//! The file is written while the rows are read, a megabyte at a time, so memory stays bounded. Killed on the way, the
//! next delivery begins anew under the same key; the mail goes out with the change that shows the file, once.

use serde_json::{Map, Value};
use shared::auth::mailbox::mailbox_tag;
use shared::auth::mailed::MailedToken;
use shared::auth::secrets::Secrets;
use shared::aws::files::{Bucket, ObjectWriter};
use shared::aws::secrets::SecretText;
use shared::clock::Timestamp;
use shared::config::{Variable, limits, required};
use shared::domain::export::{Export, ExportState, object_key};
use shared::domain::mail::{EXPORT_LINK_VALID, Mail, MailContent};
use shared::events::{Environment, Failure, Message, QueueFunction};
use shared::id::TokenSeed;
use shared::limits::Limits;
use shared::messages::BuildExport;
use shared::runtime::Error;
use shared::store::exports::UserRow;
use shared::store::keys::{self, UserRowKey};
use shared::store::mailboxes::AddressedMail;
use shared::store::{Permit, Refusal, Store, WriteError};

/// What building takes.
#[derive(Debug)]
pub struct Builder {
    /// The table.
    pub store: Store,
    /// The permit to write.
    pub permit: Permit,
    /// The keys that the link's token is derived from.
    pub secrets: Secrets,
    /// The limits of mail.
    pub limits: Limits,
    /// Where files lie.
    pub bucket: Bucket,
}

impl QueueFunction for Builder {
    type Message = BuildExport;

    const VARIABLES: &'static [Variable] = &[Variable::UploadsBucket];

    async fn start(environment: Environment) -> Result<Self, Error> {
        let Environment { sdk, store, permit, .. } = environment;
        let secrets = Secrets::load(SecretText::new(&sdk, required(Variable::SecretId)?)).await?;
        let bucket = Bucket::new(&sdk, required(Variable::UploadsBucket)?);
        Ok(Self { store, permit, secrets, limits: limits()?, bucket })
    }

    /// Builds the export that the message names, unless it was already built or replaced.
    async fn handle(&self, message: Message<BuildExport>, now: Timestamp) -> Result<(), Failure> {
        let BuildExport { user_id, export_id } = message.body;
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
        let Some(user) = self.store.user(user_id).await? else {
            return Ok(self.bucket.delete(&export.object_key()).await?);
        };
        let mailbox = mailbox_tag(&keyring, &user.email);
        let mail = AddressedMail::new(Mail::new(user_id, content, now), mailbox, user.address_state(), &self.limits);
        match self.store.finish_export(&self.permit, &export, size, &mail, &token).await {
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
}

impl Builder {
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

/// A list of the file, in the order of the sort keys, which is the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Sessions,
    Attachments,
    Completions,
    Notifications,
    Occurrences,
    Reminders,
    Tasks,
}

impl Section {
    const ALL: [Self; 7] = [
        Self::Sessions,
        Self::Attachments,
        Self::Completions,
        Self::Notifications,
        Self::Occurrences,
        Self::Reminders,
        Self::Tasks,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Attachments => "attachments",
            Self::Completions => "completions",
            Self::Notifications => "notifications",
            Self::Occurrences => "occurrences",
            Self::Reminders => "reminders",
            Self::Tasks => "tasks",
        }
    }

    fn shown(self) -> Shown {
        match self {
            Self::Sessions => SESSION_SHOWN,
            Self::Reminders => REMINDER_SHOWN,
            Self::Attachments | Self::Completions | Self::Notifications | Self::Occurrences | Self::Tasks => MACHINERY,
        }
    }
}

/// Which attributes of a row are shown.
enum Shown {
    /// These.
    Only(&'static [&'static str]),
    /// All but these, which only the machinery needs.
    AllBut(&'static [&'static str]),
}

const MACHINERY: Shown =
    Shown::AllBut(&["userId", "countedCategory", "cardsVersion", "overdueTold", "taskVersion", keys::EXPIRES_AT]);

/// A reminder's `plan` is a number that tells schedules apart; a task's is the user's plan of reviews.
const REMINDER_SHOWN: Shown = Shown::AllBut(&["userId", "plan", "plannedAt", "counted", "keptDay", "skippedByUser"]);

const SESSION_SHOWN: Shown = Shown::Only(&["id", "device", "address", "memory", "createdAt", "refreshedAt"]);

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
    /// The section whose list is open.
    open: Option<Section>,
    /// Whether the list that is open has rows.
    has_rows: bool,
    /// Up to when all notifications are read. Their rows do not tell: marking all as read is one write, to the inbox,
    /// whose sort key comes before theirs.
    read_upto: Option<Timestamp>,
}

impl File {
    async fn begin(mut writer: ObjectWriter, now: Timestamp) -> Result<Self, Failure> {
        writer.write(format!("{{\"exportedAt\":\"{now}\"").as_bytes()).await?;
        Ok(Self { writer, open: None, has_rows: false, read_upto: None })
    }

    async fn add(&mut self, mut row: UserRow) -> Result<(), Failure> {
        let section = match row.key {
            UserRowKey::Account => {
                let user = ACCOUNT_SHOWN.of(row.attributes);
                return self.text(&format!(",\"user\":{user}")).await;
            }
            UserRowKey::Inbox => {
                self.read_upto = instant(&row.attributes, "readUpto");
                return Ok(());
            }
            UserRowKey::Notification(_) => {
                if was_read(&row.attributes, self.read_upto) {
                    row.attributes.insert("isRead".to_owned(), Value::Bool(true));
                }
                Section::Notifications
            }
            UserRowKey::Session(_) => Section::Sessions,
            UserRowKey::Attachment(_) => Section::Attachments,
            UserRowKey::Completion(..) => Section::Completions,
            UserRowKey::Occurrence(..) => Section::Occurrences,
            UserRowKey::Reminder(_) => Section::Reminders,
            UserRowKey::Task(_) => Section::Tasks,
            // They follow from the others, or are of no use to the user.
            UserRowKey::Export
            | UserRowKey::ReviewMove
            | UserRowKey::Counters
            | UserRowKey::Category(_)
            | UserRowKey::Days(_)
            | UserRowKey::Streak(_)
            | UserRowKey::Mail(_)
            | UserRowKey::Idempotency(_) => return Ok(()),
        };
        self.open_until(section).await?;
        let comma = if std::mem::replace(&mut self.has_rows, true) { "," } else { "" };
        self.text(&format!("{comma}{}", section.shown().of(row.attributes))).await
    }

    /// Closes the open list and opens the next ones, up to `last`.
    async fn open_until(&mut self, last: Section) -> Result<(), Failure> {
        for section in Section::ALL.into_iter().filter(|section| *section <= last) {
            if self.open >= Some(section) {
                continue;
            }
            let end = if self.open.is_some() { "]" } else { "" };
            self.open = Some(section);
            self.has_rows = false;
            self.text(&format!("{end},\"{}\":[", section.name())).await?;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<u64, Failure> {
        self.open_until(Section::Tasks).await?;
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
    use shared::id::{AttachmentId, NotificationId, ReminderId, SessionId, TaskId, UserId};
    use shared::store::keys::RowKey;

    #[test]
    fn the_sections_are_in_the_order_of_their_sort_keys() {
        let user = UserId::new();
        let completion = format!("DONE#{}#{}#2026-03-01", TaskId::new(), ReminderId::new());
        let Some(RowKey::OfUser(_, completion)) = RowKey::parse(&format!("USER#{user}"), &completion) else {
            panic!("no row: {completion}")
        };
        let rows = [
            UserRowKey::Account,
            UserRowKey::Session(SessionId::new()),
            UserRowKey::Attachment(AttachmentId::new()),
            completion,
            UserRowKey::Inbox,
            UserRowKey::Notification(NotificationId::new()),
            UserRowKey::Occurrence(TaskId::new(), 2),
            UserRowKey::Reminder(ReminderId::new()),
            UserRowKey::Task(TaskId::new()),
        ];
        assert!(rows.windows(2).all(|pair| pair[0].key(user) < pair[1].key(user)));
        assert!(Section::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn secrets_are_not_shown() {
        let attributes = serde_json::json!({"id": "1", "passwordHash": "x", "resetHash": "y", "refreshHash": "z"});
        let Value::Object(attributes) = attributes else { panic!("no object") };
        assert_eq!(ACCOUNT_SHOWN.of(attributes.clone()), serde_json::json!({"id": "1"}));
        assert_eq!(Section::Sessions.shown().of(attributes), serde_json::json!({"id": "1"}));
    }
}
