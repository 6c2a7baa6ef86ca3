//! `migrate`: runs data migrations in their order, with a ledger in the table.
//!
//! One operator at a time: a lock that has to be renewed, and without which the ledger cannot be written. After each
//! page of users the ledger remembers where to go on.

use std::fmt;
use std::time::Duration;

use shared::clock::{Clock, Timestamp};
use shared::id::UserId;
use shared::operator;
use shared::store::addresses::AddressOutcome;
use shared::store::ledger::{LedgerEntry, MigrationState};
use shared::store::replay::Mode;
use shared::store::{Permit, Store, WriteError};

use crate::Failure;

/// How long a lock lasts that is not renewed; longer than a page of users takes.
const LEASE: Duration = Duration::from_secs(15 * 60);

/// A data migration. All there are work user by user; `up` on what is migrated already changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migration {
    /// Counts tasks and reminders of versions without counters.
    Counters,
    /// Brings addresses into the form in which two spellings of one mailbox are equal.
    Addresses,
}

impl Migration {
    /// All of them, in order; the first is number 1.
    pub const ALL: [Self; 2] = [Self::Counters, Self::Addresses];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counters => "counters",
            Self::Addresses => "addresses",
        }
    }

    /// Migrates a user, or tells what that would change.
    async fn up(self, store: &Store, user: UserId, mode: Mode, now: Timestamp) -> Result<UserOutcome, Failure> {
        match self {
            Self::Counters => {
                let found = store.replay(&operator::permit(), user, mode, now).await?.unwrap_or_default();
                Ok(UserOutcome::Changed { rows: found.unmarked + found.differences.len() as u64 })
            }
            Self::Addresses => Ok(store.canonicalize_address(&operator::permit(), user, mode, now).await?.into()),
        }
    }

    /// Takes it back.
    async fn down(self, store: &Store, user: UserId, now: Timestamp) -> Result<UserOutcome, Failure> {
        match self {
            Self::Counters => {
                let rows = store.forget_counters(&operator::permit(), user, now).await?;
                Ok(UserOutcome::Changed { rows })
            }
            Self::Addresses => Ok(store.restore_address(&operator::permit(), user, now).await?.into()),
        }
    }
}

/// What a migration did to a user.
#[derive(Clone, Copy, Debug)]
enum UserOutcome {
    /// It changed so many rows.
    Changed { rows: u64 },
    /// It cannot be done, and changed nothing.
    Left { reason: &'static str },
}

impl From<AddressOutcome> for UserOutcome {
    fn from(outcome: AddressOutcome) -> Self {
        match outcome {
            AddressOutcome::Unchanged => Self::Changed { rows: 0 },
            AddressOutcome::Changed { rows } => Self::Changed { rows },
            AddressOutcome::Taken => Self::Left { reason: "another account has the same mailbox" },
            AddressOutcome::Undeliverable => Self::Left { reason: "mail cannot be delivered to its address" },
        }
    }
}

/// How a migration is run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rows of the table looked at between two entries into the ledger.
    pub page: u32,
    /// Pages until it stops, to be gone on with; `None` runs to the end.
    pub pages: Option<u32>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { page: 2_000, pages: None }
    }
}

/// What was done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// For each migration touched: number, name, users, rows, whether it is finished.
    pub steps: Vec<Step>,
}

/// What was done of one migration.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: &'static str,
    /// Users seen, those of an interrupted run included.
    pub users: u64,
    /// Rows changed.
    pub rows: u64,
    /// Users that this run left as they are, and why. An operator has to decide about them.
    pub left: Vec<(UserId, &'static str)>,
    /// Whether it came to its end.
    pub end: End,
}

impl Step {
    fn of(migration: Migration, entry: &LedgerEntry, left: Vec<(UserId, &'static str)>, end: End) -> Self {
        Self { number: entry.number, name: migration.name(), users: entry.users, rows: entry.rows, left, end }
    }
}

/// Whether a migration came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It did.
    Reached,
    /// It stopped where it was told to, and goes on there.
    Interrupted,
}

/// Runs every migration that is not applied yet.
///
/// # Errors
/// Somebody else has the lock, a migration is on its way down, or the table failed.
pub async fn up(store: &Store, clock: Clock, plan: Plan) -> Result<Outcome, Failure> {
    let lock = Lock::take(store, clock).await?;
    let outcome = lock.up(plan).await;
    // Given back whatever came of it: the next try need not wait for the lease.
    lock.release().await?;
    outcome
}
/// Takes the last migration back that is applied, or half applied.
///
/// # Errors
/// Somebody else has the lock, or the table failed.
pub async fn down(store: &Store, clock: Clock, plan: Plan) -> Result<Outcome, Failure> {
    let lock = Lock::take(store, clock).await?;
    let outcome = lock.down(plan).await;
    lock.release().await?;
    outcome
}

/// Tells what `up` would change, and changes nothing.
///
/// # Errors
/// The table failed.
pub async fn dry_run(store: &Store, clock: Clock) -> Result<Outcome, Failure> {
    let ledger = store.ledger().await?;
    let mut outcome = Outcome::default();
    for (number, migration) in (1_u32..).zip(Migration::ALL) {
        if ledger.iter().any(|entry| entry.number == number && entry.state == MigrationState::Applied) {
            continue;
        }
        let mut step = Step { number, name: migration.name(), users: 0, rows: 0, left: Vec::new(), end: End::Reached };
        let mut after = None;
        loop {
            let page = store.users(after, Plan::default().page).await?;
            for user in page.users {
                step.users += 1;
                match migration.up(store, user, Mode::Compare, clock.now()).await? {
                    UserOutcome::Changed { rows } => step.rows += rows,
                    UserOutcome::Left { reason } => step.left.push((user, reason)),
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        outcome.steps.push(step);
    }
    Ok(outcome)
}

/// Every migration with its entry in the ledger.
///
/// # Errors
/// The table failed.
pub async fn status(store: &Store) -> Result<Vec<(u32, Migration, Option<LedgerEntry>)>, Failure> {
    let ledger = store.ledger().await?;
    let entry = |number: u32| ledger.iter().find(|entry| entry.number == number).cloned();
    Ok((1_u32..).zip(Migration::ALL).map(|(number, migration)| (number, migration, entry(number))).collect())
}

fn begin(number: u32, migration: Migration, state: MigrationState, now: Timestamp) -> LedgerEntry {
    LedgerEntry {
        number,
        name: migration.name().to_owned(),
        state,
        position: None,
        users: 0,
        rows: 0,
        started_at: now,
        finished_at: None,
    }
}

/// The lock, held.
struct Lock<'a> {
    store: &'a Store,
    clock: Clock,
    owner: String,
    permit: Permit,
}

impl<'a> Lock<'a> {
    async fn take(store: &'a Store, clock: Clock) -> Result<Self, Failure> {
        let owner = uuid::Uuid::now_v7().to_string();
        let lock = Self { store, clock, owner, permit: operator::permit() };
        lock.renew().await?;
        Ok(lock)
    }

    async fn renew(&self) -> Result<(), Failure> {
        let now = self.clock.now();
        Ok(self.store.lock_migrations(&self.permit, &self.owner, now, now.plus(LEASE)).await?)
    }

    async fn release(self) -> Result<(), Failure> {
        Ok(self.store.unlock_migrations(&self.permit, &self.owner).await?)
    }

    async fn up(&self, plan: Plan) -> Result<Outcome, Failure> {
        let ledger = self.store.ledger().await?;
        let mut outcome = Outcome::default();
        for (number, migration) in (1_u32..).zip(Migration::ALL) {
            let found = ledger.iter().find(|entry| entry.number == number).cloned();
            let entry = match found {
                Some(entry) if entry.state == MigrationState::Applied => continue,
                Some(entry) if entry.state == MigrationState::Reverting => {
                    return Err(Failure::Usage(format!("migration {number} is on its way down: finish that first")));
                }
                Some(entry) => entry,
                None => begin(number, migration, MigrationState::Applying, self.clock.now()),
            };
            let step = self.run(migration, entry, plan).await?;
            let end = step.end;
            outcome.steps.push(step);
            if end == End::Interrupted {
                break;
            }
        }
        Ok(outcome)
    }

    async fn down(&self, plan: Plan) -> Result<Outcome, Failure> {
        let mut outcome = Outcome::default();
        if let Some(last) = self.store.ledger().await?.pop() {
            let migration = usize::try_from(last.number - 1).ok().and_then(|at| Migration::ALL.get(at)).copied();
            let migration =
                migration.ok_or_else(|| Failure::Usage(format!("migration {} is of a newer version", last.number)))?;
            let entry = match last.state {
                MigrationState::Reverting => last,
                _ => begin(last.number, migration, MigrationState::Reverting, self.clock.now()),
            };
            outcome.steps.push(self.run(migration, entry, plan).await?);
        }
        Ok(outcome)
    }

    async fn run(&self, migration: Migration, mut entry: LedgerEntry, plan: Plan) -> Result<Step, Failure> {
        let (mut pages, mut refused, mut left) = (0, Vec::new(), Vec::new());
        self.store.record_migration(&self.permit, &self.owner, &entry, self.clock.now()).await?;
        loop {
            if plan.pages.is_some_and(|most| pages >= most) && refused.is_empty() {
                return Ok(Step::of(migration, &entry, left, End::Interrupted));
            }
            let page = self.store.users(entry.position.take(), plan.page).await?;
            for user in page.users {
                entry.users += 1;
                let done = match entry.state {
                    MigrationState::Reverting => migration.down(self.store, user, self.clock.now()).await,
                    _ => migration.up(self.store, user, Mode::Repair, self.clock.now()).await,
                };
                match done {
                    Ok(UserOutcome::Changed { rows }) => entry.rows += rows,
                    Ok(UserOutcome::Left { reason }) => left.push((user, reason)),
                    // One user who does not hold still keeps none of the others from it.
                    Err(Failure::Write(WriteError::Refused(_))) => refused.push(user),
                    Err(failure) => return Err(failure),
                }
            }
            entry.position = page.next;
            pages += 1;
            if entry.position.is_none() {
                break;
            }
            self.renew().await?;
            // Behind a user who was left out it does not go on: the next run begins with that page.
            if refused.is_empty() {
                self.store.record_migration(&self.permit, &self.owner, &entry, self.clock.now()).await?;
            }
        }
        self.renew().await?;
        let now = self.clock.now();
        if !refused.is_empty() {
            return Err(Failure::Users(refused));
        }
        if entry.state == MigrationState::Reverting {
            self.store.erase_migration(&self.permit, &self.owner, entry.number, now).await?;
        } else {
            entry.state = MigrationState::Applied;
            entry.finished_at = Some(now);
            self.store.record_migration(&self.permit, &self.owner, &entry, now).await?;
        }
        Ok(Step::of(migration, &entry, left, End::Reached))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Step { number, name, users, rows, left, end } in &self.steps {
            let end = match end {
                End::Reached => "done",
                End::Interrupted => "stopped; run it again to go on",
            };
            writeln!(f, "{number:04} {name}: {users} users, {rows} rows: {end}")?;
            for (user, reason) in left {
                writeln!(f, "  {user} left as it is: {reason}")?;
            }
        }
        if self.steps.is_empty() { writeln!(f, "nothing to do") } else { Ok(()) }
    }
}
