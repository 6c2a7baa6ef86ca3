//! The ledger of data migrations, and the lock that keeps two operators from running them at once.

use serde::{Deserialize, Serialize};

use super::keys;
use super::row::Row;
use super::transact::Transaction;
use super::update::Expression;
use super::walk::ScanPosition;
use super::{Permit, Store, StoreError, WriteError, number, text};
use crate::clock::Timestamp;

/// How far a migration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MigrationState {
    /// On its way up; begun, perhaps interrupted.
    Applying,
    /// Done.
    Applied,
    /// On its way down.
    Reverting,
}

/// A migration's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerEntry {
    /// Its place in the order, from 1.
    pub number: u32,
    pub name: String,
    /// How far it is.
    pub state: MigrationState,
    /// Where it continues after an interruption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<ScanPosition>,
    /// Users seen.
    pub users: u64,
    /// Rows changed.
    pub rows: u64,
    /// When it was begun.
    pub started_at: Timestamp,
    /// When it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
}

impl Store {
    /// Takes or renews the lock until an instant, in epoch seconds. A lock that ran out is free. 1 call.
    ///
    /// # Errors
    /// [`MigrationsLocked`] while somebody else has it.
    pub async fn lock_migrations(
        &self,
        permit: &Permit,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), WriteError<MigrationsLocked>> {
        let mut change = Expression::default();
        let (holder, expiry) = (change.name(OWNER), change.name(UNTIL));
        let (me, present) = (change.value(text(owner)), change.value(number(now.as_second())));
        change
            .set(OWNER, text(owner))
            .set(UNTIL, number(until.as_second()))
            .require(format!("(attribute_not_exists({holder}) OR {holder} = {me} OR {expiry} < {present})"));
        self.update_row(permit, keys::migration_lock(), change, MigrationsLocked).await
    }

    /// Gives the lock back. 1 call.
    ///
    /// # Errors
    /// [`MigrationsLocked`] when somebody else has it by now.
    pub async fn unlock_migrations(&self, permit: &Permit, owner: &str) -> Result<(), WriteError<MigrationsLocked>> {
        let mut change = Expression::default();
        change.remove(OWNER).remove(UNTIL).require_equal(OWNER, text(owner));
        self.update_row(permit, keys::migration_lock(), change, MigrationsLocked).await
    }

    /// The ledger, by number. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn ledger(&self) -> Result<Vec<LedgerEntry>, StoreError> {
        let mut entries: Vec<LedgerEntry> = Vec::new();
        for item in self.partition_between(keys::MIGRATIONS, keys::MIGRATION_PREFIX).await? {
            entries.push(serde_dynamo::from_item(item)?);
        }
        Ok(entries)
    }

    /// Writes an entry while its writer still has the lock. 1 call.
    ///
    /// # Errors
    /// [`MigrationsLocked`] when the lock was lost.
    pub async fn record_migration(
        &self,
        permit: &Permit,
        owner: &str,
        entry: &LedgerEntry,
        now: Timestamp,
    ) -> Result<(), WriteError<MigrationsLocked>> {
        let mut transaction = permit.transaction(now);
        transaction.require_lock(owner, now);
        transaction.put_new(Row::new(keys::migration(entry.number), entry));
        self.transact(transaction).await
    }

    /// Takes an entry out while its writer still has the lock. 1 call.
    ///
    /// # Errors
    /// As [`Self::record_migration`].
    pub async fn erase_migration(
        &self,
        permit: &Permit,
        owner: &str,
        migration: u32,
        now: Timestamp,
    ) -> Result<(), WriteError<MigrationsLocked>> {
        let mut transaction = permit.transaction(now);
        transaction.require_lock(owner, now);
        transaction.remove(keys::migration(migration));
        self.transact(transaction).await
    }
}

const OWNER: &str = "owner";
const UNTIL: &str = "until";

/// Somebody else has the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MigrationsLocked;

impl Transaction<MigrationsLocked> {
    fn require_lock(&mut self, owner: &str, now: Timestamp) {
        let mut mine = Expression::default();
        mine.require_equal(OWNER, text(owner)).require_greater(UNTIL, number(now.as_second()));
        self.check(keys::migration_lock(), mine, MigrationsLocked);
    }
}
