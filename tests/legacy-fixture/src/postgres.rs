//! A PostgreSQL server of a test's own.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, NoTls};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);
/// Whom it runs as where the tests run as root: it refuses that. By custom, nobody.
const NOBODY: u32 = 65_534;

/// A running server with an empty database; it ends, and is forgotten, with this value.
pub struct Postgres {
    folder: PathBuf,
    server: Child,
    port: u16,
}

impl Postgres {
    /// Starts one.
    pub async fn start() -> Self {
        let programs = programs();
        let folder = std::env::temp_dir().join(format!("spacedly-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&folder).unwrap();
        set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        if is_root() {
            chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let data = folder.join("data");
        let made = program(&programs, "initdb", &folder)
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = program(&programs, "postgres", &folder)
            .args([
                "-h",
                "127.0.0.1",
                "-c",
                "fsync=off",
                "-c",
                "unix_socket_directories=",
                "-p",
                &port.to_string(),
                "-D",
            ])
            .arg(&data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let postgres = Self { folder, server, port };
        let deadline = Instant::now() + PATIENCE;
        while tokio_postgres::connect(&postgres.url(), NoTls).await.is_err() {
            assert!(Instant::now() < deadline, "PostgreSQL did not start within {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        postgres
    }

    /// Starts one whose `NOW()` is always this instant, in RFC 3339.
    pub async fn start_at(now: &str) -> Self {
        let postgres = Self::start().await;
        // A function of the server itself is found first, unless its schema is named last.
        let fixed = format!(
            "CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT TIMESTAMPTZ '{now}' $$;
             ALTER ROLE postgres SET search_path = public, pg_catalog;"
        );
        postgres.client().await.batch_execute(&fixed).await.unwrap();
        postgres
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// A folder that goes with it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub async fn client(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

fn program(programs: &Path, name: &str, folder: &Path) -> Command {
    let mut command = Command::new(programs.join(name));
    command.current_dir(folder).env("LC_ALL", "C").env("TZ", "UTC").stdin(Stdio::null());
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Where initdb and postgres lie: `POSTGRES_BIN` (`make test` sets it), or what the system has installed.
fn programs() -> PathBuf {
    if let Some(folder) = std::env::var_os("POSTGRES_BIN") {
        return folder.into();
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists());
    installed.unwrap_or_else(|| panic!("there is no PostgreSQL: `make test` brings one, or set POSTGRES_BIN"))
}
