//! The way to the original's database, encrypted or not, as the address's `sslmode` says.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use admin::import::{self, Address, Report, Start};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use shared::domain::zone::Zone;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use legacy_fixture::{AS_TABLES, Postgres};
use test_support::{World, clock};

/// What a client asks first that wants TLS: its length, and a number that is no version (PostgreSQL manual §54.7).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Speaks TLS before a server that knows none, as the embedded one's build, with a certificate that signs itself.
struct Front {
    port: u16,
    /// The certificate's file, in PEM.
    certificate: PathBuf,
    encrypted: Arc<AtomicUsize>,
}

impl Front {
    /// One for `postgres` whose certificate names `host`.
    async fn start(postgres: &Postgres, host: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
        let certificate = postgres.folder().join(format!("{host}.pem"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let encrypted = Arc::new(AtomicUsize::new(0));
        let (count, behind) = (Arc::clone(&encrypted), postgres.port());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut first = [0; 8];
                if stream.read_exact(&mut first).await.is_err() || first != SSL_REQUEST {
                    continue;
                }
                stream.write_all(b"S").await.unwrap();
                // A client that does not trust the certificate hangs up.
                let Ok(mut tls) = acceptor.accept(stream).await else { continue };
                count.fetch_add(1, Ordering::Relaxed);
                let mut server = TcpStream::connect(("127.0.0.1", behind)).await.unwrap();
                tokio::spawn(async move {
                    let _ = copy_bidirectional(&mut tls, &mut server).await;
                });
            }
        });
        Self { port, certificate, encrypted }
    }

    fn url(&self, mode: &str) -> String {
        format!("postgres://postgres@localhost:{}/postgres?sslmode={mode}", self.port)
    }

    fn encrypted(&self) -> usize {
        self.encrypted.load(Ordering::Relaxed)
    }
}

async fn one_user() -> (World, Postgres) {
    let (world, postgres) = (World::new().await, Postgres::start_at(&clock::now().to_string()).await);
    let client = postgres.client().await;
    client.batch_execute(AS_TABLES).await.unwrap();
    client.batch_execute("INSERT INTO users (name, email) VALUES ('Asha Rao', 'asha@example.com')").await.unwrap();
    (world, postgres)
}

async fn run(world: &World, url: &str, root: Option<&Path>) -> Result<Report, String> {
    let zone = Zone::parse("Asia/Kolkata").unwrap();
    let address = Address::read(url, root).map_err(|error| error.to_string())?;
    let run =
        import::run((&world.store, clock::fixed()), &address, &zone, Start::Anew, None, &mut std::io::sink()).await;
    run.map_err(|error| error.to_string())
}

#[tokio::test]
async fn require_encrypts_and_takes_any_certificate() {
    let (world, postgres) = one_user().await;
    let front = Front::start(&postgres, "db.example").await;
    let report = run(&world, &front.url("require"), None).await.unwrap();
    assert_eq!((report.taken.values().sum::<u64>(), front.encrypted()), (1, 1));
}

#[tokio::test]
async fn verify_full_takes_the_certificate_of_this_host_that_it_was_told_to_trust_and_no_other() {
    let (world, postgres) = one_user().await;
    let front = Front::start(&postgres, "localhost").await;
    let report = run(&world, &front.url("verify-full"), Some(&front.certificate)).await.unwrap();
    assert_eq!((report.taken.values().sum::<u64>(), front.encrypted()), (1, 1));
    let another = Front::start(&postgres, "db.example").await;
    for (front, root) in [
        (&front, Some(&another.certificate)),
        (&another, Some(&another.certificate)),
        // Nobody that this machine trusts has signed it.
        (&front, None),
    ] {
        let refused = run(&world, &front.url("verify-full"), root.map(PathBuf::as_path)).await;
        assert!(refused.is_err(), "{refused:?}");
    }
    assert_eq!((front.encrypted(), another.encrypted()), (1, 0));
}

#[tokio::test]
async fn a_server_without_tls_is_refused_unless_the_way_may_be_plain() {
    let (world, postgres) = one_user().await;
    for mode in ["require", "verify-full"] {
        let refused = run(&world, &format!("{}?sslmode={mode}", postgres.url()), None).await;
        assert!(refused.is_err(), "{refused:?}");
    }
    let report = run(&world, &format!("{}?sslmode=disable", postgres.url()), None).await.unwrap();
    assert_eq!(report.taken.values().sum::<u64>(), 1);
}
