//! The original's database, read only. Rows come as JSON objects, so that a column that one of the original's
//! versions lacks is simply not there.

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Connection, NoTls, Socket};

use super::address::Address;
use super::rows::text;
use crate::Failure;

/// Users read at a time.
const PAGE: i64 = 100;
/// An id that no row has and all come behind.
const BEFORE_ALL: &str = "00000000-0000-0000-0000-000000000000";

/// The original's database.
pub(super) struct Source {
    client: Client,
}

impl Source {
    /// Connects, in UTC and for reading only.
    pub(super) async fn open(address: &Address) -> Result<Self, Failure> {
        let client = match &address.tls {
            None => connected(address.config.connect(NoTls).await?),
            Some(tls) => connected(address.config.connect(tls.clone()).await?),
        };
        client.batch_execute("SET TIME ZONE 'UTC'; SET default_transaction_read_only = on").await?;
        Ok(Self { client })
    }

    pub(super) async fn count_users(&self) -> Result<u64, Failure> {
        let row = self.client.query_one("SELECT count(*) FROM users", &[]).await?;
        Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or_default())
    }

    /// The next users by id.
    pub(super) async fn users_after(&self, id: Option<&str>) -> Result<Vec<Value>, Failure> {
        let query = "SELECT row_to_json(u)::text FROM users u WHERE u.id > $1::text::uuid ORDER BY u.id LIMIT $2";
        self.rows(query, &[&id.unwrap_or(BEFORE_ALL), &PAGE]).await
    }

    /// The rows of `table`, one of ours and never a caller's text, that belong to a user, by id.
    pub(super) async fn of_user(&self, table: &'static str, user: &Value) -> Result<Vec<Value>, Failure> {
        let query =
            format!("SELECT row_to_json(r)::text FROM {table} r WHERE r.user_id = $1::text::uuid ORDER BY r.id");
        self.rows(&query, &[&text(user, &["id"]).unwrap_or_default()]).await
    }

    /// The attachments of a user's tasks, by id.
    pub(super) async fn attachments_of(&self, user: &Value) -> Result<Vec<Value>, Failure> {
        let query = "SELECT row_to_json(a)::text FROM task_attachments a JOIN tasks t ON t.id = a.task_id \
                     WHERE t.user_id = $1::text::uuid ORDER BY a.id";
        self.rows(query, &[&text(user, &["id"]).unwrap_or_default()]).await
    }

    async fn rows(&self, query: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Value>, Failure> {
        let rows = self.client.query(query, parameters).await?;
        let read = |row: &tokio_postgres::Row| serde_json::from_str(row.get::<_, &str>(0));
        rows.iter().map(read).collect::<Result<_, _>>().map_err(|error| Failure::Usage(error.to_string()))
    }
}

/// Lets the connection work in the background. Its failure is also the failure of the query that waits for it.
fn connected<T>((client, connection): (Client, Connection<Socket, T>)) -> Client
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        let _ = connection.await;
    });
    client
}
