//! `spacedly-admin`: see `--help`. Credentials and region come from the environment, as functions have them.

use std::io::Write;
use std::path::PathBuf;

use admin::{import, migrate, replay};
use clap::{Parser, Subcommand};
use shared::aws::files::Bucket;
use shared::clock::Clock;
use shared::domain::zone::Zone;
use shared::id::UserId;
use shared::store::Store;
use shared::store::replay::Mode;

/// What operators do to Spacedly's data. Reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
/// AWS_REGION and, for a local cloud, AWS_ENDPOINT_URL.
#[derive(Parser)]
struct Arguments {
    /// The table, for instance spacedly-production.
    #[arg(long)]
    table: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Counts users again from their rows and compares; exits with 1 when something differs.
    Replay {
        /// One user, by id; all without.
        #[arg(long, value_parser = |text: &str| UserId::parse(text))]
        user: Option<UserId>,
        /// Puts right what differs.
        #[arg(long)]
        repair: bool,
    },
    /// Changes rows of earlier versions.
    Migrate {
        #[command(subcommand)]
        direction: Direction,
    },
    /// Brings in the original's PostgreSQL database.
    Import {
        /// postgres://user:password@host:port/database?sslmode=disable, require or verify-full. Without sslmode it is
        /// disable towards this machine, verify-full towards all others.
        #[arg(long, env = "SOURCE_DATABASE_URL", hide_env_values = true)]
        from: String,
        /// A file with the certificates, in PEM, that verify-full trusts; without it, those that this machine trusts.
        #[arg(long)]
        root_certificate: Option<PathBuf>,
        /// The zone of all users; the original knows none.
        #[arg(long, default_value = "Asia/Kolkata", value_parser = |text: &str| Zone::parse(text))]
        timezone: Zone,
        /// Begins with the first user again instead of going on.
        #[arg(long)]
        again: bool,
        /// The bucket of uploads, which files are brought into; without it they are only listed.
        #[arg(long)]
        uploads: Option<String>,
        /// Fetches files from private addresses and by plain http, too: for rehearsals.
        #[arg(long)]
        files_from_anywhere: bool,
    },
}

#[derive(Subcommand)]
enum Direction {
    /// Applies what is not applied yet; goes on with what was interrupted.
    Up {
        /// Tells what would change, and changes nothing.
        #[arg(long)]
        dry_run: bool,
        /// Stops after so many pages of 2,000 rows; run it again to go on.
        #[arg(long)]
        pages: Option<u32>,
    },
    /// Takes the last one back.
    Down,
    /// Shows which are applied.
    Status,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let Arguments { table, command } = Arguments::parse();
    let sdk = shared::aws::sdk_config()?;
    let store = Store::new(&sdk, table);
    #[expect(clippy::disallowed_methods, reason = "a main is the edge")]
    let clock = Clock::system();
    let mut out = std::io::stdout();
    match command {
        Command::Replay { user, repair } => {
            let mode = if repair { Mode::Repair } else { Mode::Compare };
            let summary = match user {
                Some(user) => replay::one(&store, user, mode, clock.now()).await?,
                None => replay::all(&store, clock, mode).await?,
            };
            write!(out, "{summary}")?;
            if !summary.wrong.is_empty() && mode == Mode::Compare {
                return Err("the counters differ; --repair puts them right".into());
            }
            if !summary.failed.is_empty() {
                return Err("some users could not be counted; try again".into());
            }
        }
        Command::Migrate { direction: Direction::Up { dry_run: true, .. } } => {
            write!(out, "{}", migrate::dry_run(&store, clock).await?)?;
        }
        Command::Migrate { direction: Direction::Up { pages, .. } } => {
            let plan = migrate::Plan { pages, ..migrate::Plan::default() };
            write!(out, "{}", migrate::up(&store, clock, plan).await?)?;
        }
        Command::Migrate { direction: Direction::Down } => {
            write!(out, "{}", migrate::down(&store, clock, migrate::Plan::default()).await?)?;
        }
        Command::Migrate { direction: Direction::Status } => {
            for (number, migration, entry) in migrate::status(&store).await? {
                let state = entry.map_or("not applied".to_owned(), |it| format!("{:?} {}", it.state, it.started_at));
                writeln!(out, "{number:04} {}: {state}", migration.name())?;
            }
        }
        Command::Import { from, root_certificate, timezone, again, uploads, files_from_anywhere } => {
            let from = import::Address::read(&from, root_certificate.as_deref())?;
            let start = if again { import::Start::Anew } else { import::Start::WhereItStopped };
            let reach = if files_from_anywhere { import::Reach::Anywhere } else { import::Reach::Internet };
            let uploads = match uploads {
                Some(name) => {
                    Some(import::Uploads { files: import::Files::new(reach)?, bucket: Bucket::new(&sdk, name) })
                }
                None => None,
            };
            let progress = &mut std::io::stderr();
            let report = import::run((&store, clock), &from, &timezone, start, uploads.as_ref(), progress).await?;
            write!(out, "{report}")?;
            if !report.failed.is_empty() {
                std::process::exit(1);
            }
        }
    }
    Ok(())
}
