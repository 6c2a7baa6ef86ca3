//! What the handlers read. Each is run up to where it reads its body, and tells what it asks for.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Map, Value, json};
use shared::aws::files::Bucket;
use shared::clock::{Clock, Timestamp};
use shared::config::{Config, HttpConfig, SameSite};
use shared::domain::field::Described;
use shared::domain::zone::Zone;
use shared::http::limiter::Limits;
use shared::http::{ApiError, App, describe, routes};
use shared::store::Store;

/// An app that reaches nothing: handlers are not run beyond their bodies.
fn app(sdk: &aws_types::SdkConfig) -> Result<App, Box<dyn std::error::Error>> {
    const LIMITS: &str = "global=1/1,auth=1/1,otp=1/1,reset=1/1,verify=1/1,upload=1/1,login=1/1,code=1/1";
    Ok(App {
        config: Config {
            stage: String::new(),
            version: String::new(),
            table: String::new(),
            secret_id: None,
            frontend_url: String::new(),
        },
        http: HttpConfig {
            allowed_origins: Vec::new(),
            public_url: String::new(),
            secure: true,
            same_site: SameSite::Lax,
            cookie_domain: None,
            password_min_length: 6.try_into()?,
            default_zone: Zone::UTC,
            limits: Limits::parse(LIMITS)?,
        },
        store: Store::new(sdk, String::new()),
        clock: Clock::fixed(Timestamp::MAX),
        started: Instant::now(),
        secrets: None,
    })
}

/// The schema of each function's JSON body.
///
/// # Errors
/// A handler that is named here reads no body.
pub async fn bodies() -> Result<BTreeMap<&'static str, Value>, Box<dyn std::error::Error>> {
    let sdk = shared::aws::nowhere();
    let app = app(&sdk)?;
    let uploads = &attachments::create::Uploads { bucket: Bucket::new(&sdk, String::new()), quota: 0 };
    let mut bodies = BTreeMap::new();
    macro_rules! body {
        ($($route:ident => $handler:expr,)+) => {$(
            let described: Result<_, ApiError> = describe(&app, &routes::$route, $handler).await;
            let described = described.map_err(|error| format!("{}: {:?}", routes::$route.function, error.cause()))?;
            bodies.insert(routes::$route.function, object(&described));
        )+};
    }
    body! {
        AUTH_REGISTER => auth::register::handle,
        AUTH_LOGIN => auth::login::handle,
        AUTH_VERIFY_OTP => auth::verify_otp::handle,
        AUTH_RESEND_OTP => auth::resend_otp::handle,
        AUTH_RESET_PASSWORD => auth::reset_password::handle,
        AUTH_VERIFY_EMAIL => auth::verify_email::handle,
        AUTH_REFRESH => auth::refresh::handle,
        USERS_UPDATE => users::update::handle,
        USERS_DELETE => users::delete::handle,
        USERS_TWO_FACTOR => users::two_factor::handle,
        USERS_CHANGE_PASSWORD => users::change_password::handle,
        USERS_SET_PASSWORD => users::set_password::handle,
        TASKS_CREATE => tasks::create::handle,
        TASKS_UPDATE => tasks::update::handle,
        ATTACHMENTS_CREATE => async |app, request| attachments::create::handle(uploads, app, request).await,
        REMINDERS_CREATE => reminders::create::handle,
        REMINDERS_UPDATE => reminders::update::handle,
    }
    let resets = shared::aws::queue::Queue::new(&sdk, String::new());
    let resets = &resets;
    body! {
        AUTH_FORGOT_PASSWORD => async |app, request| auth::forgot_password::handle(resets, app, request).await,
    }
    Ok(bodies)
}

/// An object of these fields; unknown ones are ignored.
fn object(described: &[Described]) -> Value {
    let mut object = json!({ "type": "object", "properties": {} });
    for field in described {
        put(&mut object, field.name, field);
    }
    object
}

fn put(object: &mut Value, name: &str, field: &Described) {
    let properties = object.get_mut("properties").and_then(Value::as_object_mut);
    if let Some((outer, inner)) = name.split_once('.') {
        if let Some(properties) = properties {
            let nested = properties.entry(outer).or_insert_with(|| json!({ "type": "object", "properties": {} }));
            put(nested, inner, field);
        }
        return;
    }
    if let Some(properties) = properties {
        properties
            .insert(name.to_owned(), if field.is_nullable { nullable(&field.schema) } else { field.schema.clone() });
    }
    if field.is_required
        && let Some(object) = object.as_object_mut()
    {
        let required = object.entry("required").or_insert_with(|| json!([]));
        if let Some(required) = required.as_array_mut() {
            required.push(json!(name));
        }
    }
}

/// The schema, or null.
fn nullable(schema: &Value) -> Value {
    let mut schema = schema.as_object().cloned().unwrap_or_else(Map::new);
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.clone(), "null"]);
    }
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
    if let Some(kinds) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        kinds.push(json!({ "type": "null" }));
    }
    Value::Object(schema)
}
