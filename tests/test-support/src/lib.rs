//! What tests of the store and of the event functions stand on: a table of its own for each (dynoxide, in this
//! process), people and things to put into it, and a scripted stand-in for the AWS services that no emulator in
//! this process speaks.
#![expect(clippy::unwrap_used, clippy::panic, reason = "only tests use it, and they are to fail loudly")]

pub mod api;
pub mod clock;
mod scripted;
mod watched;

pub use scripted::{Answer, Asked, Scripted};
pub use watched::Operations;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, LocalSecondaryIndex, Projection,
    ProjectionType, ScalarAttributeType,
};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::region::Region;
use serde_json::{Value, json};
use shared::auth::keyring::Keyring;
use shared::auth::mailbox::mailbox_tag;
use shared::auth::mailed::MailedToken;
use shared::auth::secrets::Secrets;
use shared::auth::session::{Session, SessionLifetime};
use shared::aws::secrets::SecretText;
use shared::clock::Timestamp;
use shared::domain::body::Body;
use shared::domain::email::Email;
use shared::domain::field::{BodyContext, Field, Fields};
use shared::domain::firing::{Fired, Firing, FiringDecision};
use shared::domain::mail::{Mail, MailContent};
use shared::domain::password::PasswordHash;
use shared::domain::reminder::Reminder;
use shared::domain::task::Task;
use shared::domain::user::{PersonName, User};
use shared::domain::zone::Zone;
use shared::id::TokenSeed;
use shared::store::counters::DaySnapshot;
use shared::store::mailboxes::{AddressedMail, SecurityNotice};
use shared::store::sessions::SignIn;
use shared::store::users::AccountWithSessions;
use shared::store::{Permit, Store};

/// A table, and a user of it who is signed in.
pub struct World {
    pub store: Store,
    pub client: Client,
    pub user: User,
    pub session: Session,
    sdk: SdkConfig,
}

pub const TABLE: &str = "spacedly";

impl World {
    /// An empty table but for one user.
    pub async fn new() -> Self {
        let sdk = sdk(&emulator().await);
        let client = Client::new(&sdk);
        create_table(&client).await;
        let store = Store::new(&sdk, TABLE.to_owned());
        let (user, session) = sign_up(&store, "someone@example.com").await;
        store.meter().take();
        Self { store, client, user, session, sdk }
    }

    /// The permit of the user's requests.
    pub fn permit(&self) -> Permit {
        Permit::of_session(self.user.id, self.session.id)
    }

    /// Has the user's address verified: before that, an address gets three reminder mails and no more.
    pub async fn verify(&self) {
        let (mail, token) = verification(&self.user);
        self.store.resend_verification(&self.permit(), &self.user, &mail, &token).await.unwrap();
        self.store.verify_email(&Permit::of_system(), self.user.id, token.expose(), clock::now()).await.unwrap();
        self.store.meter().take();
    }

    /// Deletes the account, as its owner does.
    pub async fn delete_account(&self) {
        let now = clock::now();
        let read = self.store.account_with_sessions(self.user.id, now).await.unwrap().unwrap();
        self.store.delete_account(&self.permit(), &read, now).await.unwrap();
    }

    /// A stored task of the user.
    pub async fn task(&self, body: Value) -> Task {
        let task = new_task(&self.user, body);
        self.store.create_task(&self.permit(), &task).await.unwrap();
        self.store.meter().take();
        task
    }

    /// A stored reminder of a task, so long ahead.
    pub async fn reminder(&self, task: &Task, ahead: Duration) -> Reminder {
        let reminder = new_reminder(task, ahead);
        self.store.create_reminder(&self.permit(), &reminder).await.unwrap();
        let reminder = self.store.reminder(self.user.id, reminder.id).await.unwrap().unwrap();
        self.store.meter().take();
        reminder
    }

    /// A stored reminder so many minutes before the task's due date.
    pub async fn relative_reminder(&self, task: &Task, offset_minutes: u32) -> Reminder {
        let reminder = new_relative_reminder(task, offset_minutes);
        self.store.create_reminder(&self.permit(), &reminder).await.unwrap();
        let reminder = self.store.reminder(self.user.id, reminder.id).await.unwrap().unwrap();
        self.store.meter().take();
        reminder
    }

    /// The open review of a plan that a task gets.
    pub async fn review(&self, task: &Task, plan: Value) -> Reminder {
        let now = clock::now();
        let row = self.store.task(self.user.id, task.id).await.unwrap().unwrap();
        let change = row.task.set_plan(parsed(plan, now), None, &self.user, now).unwrap();
        self.store.change_plan(&self.permit(), &row, &change, &DaySnapshot::default()).await.unwrap();
        let review = change.task.plan.unwrap().reminder_id;
        let review = self.store.reminder(self.user.id, review).await.unwrap().unwrap();
        self.store.meter().take();
        review
    }

    /// The user's mails, in no order.
    pub async fn mails(&self) -> Vec<Mail> {
        let found = self
            .client
            .query()
            .table_name(TABLE)
            .key_condition_expression("PK = :pk AND begins_with(SK, :sk)")
            .expression_attribute_values(
                ":pk",
                aws_sdk_dynamodb::types::AttributeValue::S(format!("USER#{}", self.user.id)),
            )
            .expression_attribute_values(":sk", aws_sdk_dynamodb::types::AttributeValue::S("MAIL#".to_owned()))
            .send()
            .await
            .unwrap();
        found.items().iter().map(|item| serde_dynamo::from_item(item.clone()).unwrap()).collect()
    }

    /// Deletes the rows of the user's completions, and leaves everything else: as versions without such rows left it.
    pub async fn forget_completions(&self) {
        use aws_sdk_dynamodb::types::AttributeValue::S;
        let user = format!("USER#{}", self.user.id);
        let query = self.client.query().table_name(TABLE).key_condition_expression("PK = :pk AND begins_with(SK, :sk)");
        let query =
            query.expression_attribute_values(":pk", S(user)).expression_attribute_values(":sk", S("DONE#".to_owned()));
        for item in query.send().await.unwrap().items() {
            let key = |name: &str| item.get(name).unwrap().clone();
            let delete = self.client.delete_item().table_name(TABLE).key("PK", key("PK")).key("SK", key("SK"));
            delete.send().await.unwrap();
        }
    }

    /// How many rows the user has whose sort key begins so.
    pub async fn count(&self, prefix: &str) -> usize {
        let found = self
            .client
            .query()
            .table_name(TABLE)
            .key_condition_expression("PK = :pk AND begins_with(SK, :sk)")
            .expression_attribute_values(
                ":pk",
                aws_sdk_dynamodb::types::AttributeValue::S(format!("USER#{}", self.user.id)),
            )
            .expression_attribute_values(":sk", aws_sdk_dynamodb::types::AttributeValue::S(prefix.to_owned()))
            .send()
            .await
            .unwrap();
        found.items().len()
    }
}

pub fn keyring() -> Keyring {
    Keyring::parse(r#"{"current":"1","1":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#).unwrap()
}

/// The keys of [`keyring`], and another one that signs.
pub fn rotated_keyring() -> Keyring {
    Keyring::parse(&rotated_secret()).unwrap()
}

fn rotated_secret() -> String {
    json!({"current": "2", "1": "a".repeat(40), "2": "b".repeat(40)}).to_string()
}

/// What a function holds that has read the keys of [`keyring`]; since then the secret has those of [`rotated_keyring`].
pub async fn rotated_secrets() -> Secrets {
    let before = json!({"current": "1", "1": "a".repeat(40)}).to_string();
    let answer = |secret: String| Answer::ok().with(json!({"SecretString": secret}));
    let manager = Scripted::new(vec![answer(before), answer(rotated_secret())]).await;
    Secrets::load_with_pause(SecretText::new(&manager.sdk(), "keys".to_owned()), Duration::ZERO).await.unwrap()
}

pub fn new_user(email: &str) -> User {
    let name = PersonName::read("Name", &json!("Someone")).unwrap();
    let hash = PasswordHash::from_phc("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$c29tZWhhc2g".to_owned());
    User::register(name, Email::parse(email).unwrap(), hash, Zone::parse("Asia/Kolkata").unwrap(), clock::now())
}

/// The mail and the token of a registration.
pub fn verification(user: &User) -> (AddressedMail, MailedToken) {
    let seed = TokenSeed::new();
    let token = MailedToken::derive(&keyring(), "1", seed).unwrap();
    let content = MailContent::Verification { seed, kid: "1".to_owned() };
    (addressed(Mail::new(user.id, content, user.created_at), user), token)
}

/// A mail to a user, counted within the contract's limits.
pub fn addressed(mail: Mail, user: &User) -> AddressedMail {
    let mailbox = mailbox_tag(&keyring(), &user.email);
    AddressedMail::new(mail, mailbox, user.address_state(), &api::limits("100/900", "5/900"))
}

/// A security notice to a user, counted within the contract's limits.
pub fn notice(mail: Mail, user: &User) -> SecurityNotice {
    SecurityNotice::new(mail, mailbox_tag(&keyring(), &user.email), user, &api::limits("100/900", "5/900"))
}

pub async fn sign_up(store: &Store, email: &str) -> (User, Session) {
    let user = new_user(email);
    let (mail, token) = verification(&user);
    store.register(&Permit::of_system(), &user, &mail, &token).await.unwrap();
    let session = new_session(&user);
    let read = AccountWithSessions { user: user.clone(), sessions: Vec::new() };
    store.open_session(&Permit::of_system(), sign_in(&session, &read)).await.unwrap();
    (user, session)
}

/// What the user's network address is known by.
pub const ADDRESS: &str = "6b6e6f776e";

/// A login with a password, from where the user always signs in.
pub fn sign_in<'a>(session: &'a Session, read: &'a AccountWithSessions) -> SignIn<'a> {
    SignIn { session, read, address: ADDRESS, rehash: None, challenge: None }
}

pub fn new_session(user: &User) -> Session {
    let device = ("a browser", "192.0.2.1");
    Session::open(&keyring(), (user.id, &user.email), SessionLifetime::Ordinary, device, clock::now()).unwrap().session
}

/// A body, parsed as that of a request at `now`.
pub fn parsed<B: Body>(body: Value, now: Timestamp) -> B {
    let Value::Object(object) = body else { panic!("not an object: {body}") };
    let password_min_length = 6.try_into().unwrap();
    let mut fields = Fields::new(object, BodyContext { now, password_min_length, challenges: Vec::new() });
    let body = B::read(&mut fields);
    fields.finish(body).unwrap()
}

pub fn new_task(user: &User, body: Value) -> Task {
    Task::new(user.id, parsed(body, clock::now()), &Zone::UTC, clock::now()).unwrap()
}

pub fn new_reminder(task: &Task, ahead: Duration) -> Reminder {
    let now = clock::now();
    let input = parsed(json!({"taskId": task.id, "scheduledAt": now.plus(ahead)}), now);
    Reminder::new(task.user_id, input, None, now).unwrap()
}

/// A reminder so many minutes before the task's due date.
pub fn new_relative_reminder(task: &Task, offset_minutes: u32) -> Reminder {
    let now = clock::now();
    let input = parsed(json!({"taskId": task.id, "offsetMinutes": offset_minutes}), now);
    Reminder::new(task.user_id, input, task.due_date, now).unwrap()
}

/// What a reminder of this task and user does when it fires now.
pub fn fired(reminder: &Reminder, task: &Task, user: &User) -> Fired {
    let firing = Firing { reminder: reminder.clone(), task: task.clone(), user: user.clone(), unverified: None };
    match firing.decide(clock::now()) {
        FiringDecision::Fire(fired) => *fired,
        FiringDecision::Cancel(cancelled) => panic!("cancelled: {cancelled:?}"),
    }
}

/// Starts a database in this process; answers its address.
async fn emulator() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
    format!("http://{address}")
}

/// What clients need to call a server on this machine.
pub fn sdk(endpoint: &str) -> SdkConfig {
    let credentials = aws_credential_types::Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(aws_smithy_async::rt::sleep::TokioSleep::new()))
        .endpoint_url(endpoint)
        .build()
}

async fn create_table(client: &Client) {
    const NAMES: [&str; 9] = ["PK", "SK", "byTime", "byCreated", "open", "byTask", "byChanged", "dueShard", "dueAt"];
    let all = || Projection::builder().projection_type(ProjectionType::All).build();
    let keys_only = || Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let schema = |hash, range| Some(vec![key(hash, KeyType::Hash), key(range, KeyType::Range)]);
    let local = |name: &str, range, projection| {
        LocalSecondaryIndex::builder()
            .index_name(name)
            .set_key_schema(schema("PK", range))
            .projection(projection)
            .build()
            .unwrap()
    };
    let due = GlobalSecondaryIndex::builder()
        .index_name("due")
        .set_key_schema(schema("dueShard", "dueAt"))
        .projection(keys_only())
        .build()
        .unwrap();
    let text = |name: &str| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(NAMES.into_iter().map(text).collect()))
        .set_key_schema(schema("PK", "SK"))
        .local_secondary_indexes(local("by-time", "byTime", all()))
        .local_secondary_indexes(local("by-created", "byCreated", all()))
        .local_secondary_indexes(local("open", "open", keys_only()))
        .local_secondary_indexes(local("by-task", "byTask", keys_only()))
        .local_secondary_indexes(local("by-changed", "byChanged", keys_only()))
        .global_secondary_indexes(due)
        .send()
        .await
        .unwrap();
}
