//! What answers are made of. Every API test checks the answers that it gets against these.

use serde_json::{Value, json};
use shared::domain::attachment::AttachmentStatus;
use shared::domain::delivery::DeliveryState;
use shared::domain::field::Field;
use shared::domain::reminder::{Channel, ReminderMessage, ReminderStatus};
use shared::domain::task::{Category, Priority, TaskDescription, TaskStatus, TaskTitle};
use shared::domain::user::PersonName;
use shared::http::ErrorCode;

/// An object whose fields are all there, and no others.
fn exact(properties: Value) -> Value {
    let required: Vec<String> = properties.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

/// A reference to a schema of the document.
pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn id() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn words(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

/// All schemas, by name.
pub fn schemas() -> Value {
    let mut schemas = json!({
        "Error": error(),
        "Task": task(),
        "TaskFields": task(),
        "Reminder": reminder(json!({})),
        "ReminderOfTask": exact(json!({
            "id": id(), "scheduledAt": time(), "type": Channel::schema(), "status": ReminderStatus::schema(),
        })),
        "ListedReminder": reminder(json!({ "task": or_null(exact(json!({
            "id": id(),
            "title": TaskTitle::schema(),
            "description": or_null(TaskDescription::schema()),
            "category": or_null(Category::schema()),
            "priority": Priority::schema(),
        }))) })),
        "Attachment": attachment(),
        "Upload": exact(json!({
            "url": { "type": "string", "format": "uri" },
            "method": { "const": "PUT" },
            "headers": { "type": "object", "additionalProperties": text(), "description": "To be sent as they are" },
            "expiresAt": time(),
        })),
        "Notification": exact(json!({
            "id": id(),
            "userId": id(),
            "type": words(&["overdue", "upcoming", "reminder", "general"]),
            "title": text(),
            "message": text(),
            "relatedTaskId": or_null(id()),
            "isRead": flag(),
            "createdAt": time(),
            "task": or_null(exact(json!({ "id": id(), "title": TaskTitle::schema() }))),
        })),
        "User": user(),
        "SignedInUser": exact(json!({
            "id": id(), "name": PersonName::schema(), "email": text(), "is_two_factor_enabled": flag(),
        })),
        "NewUser": exact(json!({ "id": id(), "name": PersonName::schema(), "email": text() })),
        "Tokens": exact(json!({ "accessToken": text(), "refreshToken": text(), "expiresIn": count() })),
        "Session": exact(json!({
            "id": id(),
            "device": text(),
            "ip": text(),
            "createdAt": time(),
            "lastUsedAt": time(),
            "current": flag(),
        })),
        "Export": exact(json!({
            "id": id(),
            "status": words(&["pending", "ready"]),
            "requestedAt": time(),
            "expiresAt": or_null(time()),
            "size": or_null(count()),
            "url": or_null(text()),
        })),
        "Analytics": analytics(),
        "Streaks": exact(json!({ "active": count(), "longest": count() })),
        "Health": exact(json!({
            "status": words(&["healthy", "unhealthy"]),
            "timestamp": time(),
            "uptime": { "type": "integer", "minimum": 0, "description": "Seconds" },
            "environment": text(),
            "version": text(),
            "checks": { "type": "object", "additionalProperties": words(&["up", "down"]) },
        })),
    });
    // `fields` leaves some out.
    if let Some(partial) = schemas.pointer_mut("/TaskFields").and_then(Value::as_object_mut) {
        partial.remove("required");
    }
    schemas
}

fn error() -> Value {
    let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    json!({
        "type": "object",
        "required": ["success", "message", "code", "requestId"],
        "properties": {
            "success": { "const": false },
            "message": { "type": "string", "description": "For people; the texts of `errors`, joined, for bad fields" },
            "code": { "type": "string", "enum": codes, "description": "For programs: stable" },
            "errors": {
                "type": "array",
                "minItems": 1,
                "items": exact(json!({ "field": text(), "message": text() })),
                "description": "Every bad field; with VALIDATION_FAILED only",
            },
            "requestId": text(),
        },
        "additionalProperties": false,
    })
}

fn task() -> Value {
    exact(json!({
        "id": id(),
        "userId": id(),
        "title": TaskTitle::schema(),
        "description": or_null(TaskDescription::schema()),
        "dueDate": or_null(time()),
        "priority": Priority::schema(),
        "status": TaskStatus::schema(),
        "category": or_null(Category::schema()),
        "link": or_null(json!({ "type": "string", "format": "uri" })),
        "version": { "type": "integer", "minimum": 1 },
        "createdAt": time(),
        "updatedAt": time(),
        "completedAt": or_null(time()),
        "attachments": { "type": "array", "maxItems": 20, "items": reference("Attachment") },
        "reminders": { "type": "array", "maxItems": 30, "items": reference("ReminderOfTask") },
    }))
}

fn reminder(more: Value) -> Value {
    let mut properties = json!({
        "id": id(),
        "userId": id(),
        "taskId": id(),
        "scheduledAt": time(),
        "type": Channel::schema(),
        "message": or_null(ReminderMessage::schema()),
        "status": ReminderStatus::schema(),
        "emailSent": flag(),
        "emailSentAt": or_null(time()),
        "morningEmailSent": flag(),
        "delivery": exact(json!({
            "state": words(DeliveryState::WORDS),
            "scheduledFor": or_null(time()),
            "sentAt": or_null(time()),
            "latenessMs": or_null(count()),
            "attempts": count(),
            "reason": or_null(text()),
        })),
        "version": { "type": "integer", "minimum": 1 },
        "createdAt": time(),
        "updatedAt": time(),
    });
    if let (Some(properties), Value::Object(more)) = (properties.as_object_mut(), more) {
        properties.extend(more);
    }
    exact(properties)
}

fn attachment() -> Value {
    let url = json!({ "type": "string", "format": "uri" });
    exact(json!({
        "id": id(),
        "taskId": id(),
        "filename": text(),
        "originalName": text(),
        "fileType": text(),
        "fileSize": count(),
        "fileUrl": or_null(url.clone()),
        "thumbnailUrl": or_null(url),
        "status": words(AttachmentStatus::WORDS),
        "rejectionReason": or_null(text()),
        "width": or_null(count()),
        "height": or_null(count()),
        "optimizationStats": or_null(exact(json!({
            "originalSize": count(),
            "optimizedSize": count(),
            "compressionRatio": { "type": "integer", "maximum": 100, "description": "The whole per cent saved" },
        }))),
        "createdAt": time(),
    }))
}

fn user() -> Value {
    exact(json!({
        "id": id(),
        "name": PersonName::schema(),
        "email": text(),
        "is_two_factor_enabled": flag(),
        "auth_provider": words(&["local", "google"]),
        "has_password": flag(),
        "email_verified": flag(),
        "timezone": text(),
        "morning_digest": exact(json!({ "enabled": flag(), "time": text() })),
        "createdAt": time(),
    }))
}

fn analytics() -> Value {
    let list =
        |items: Value, many: usize| json!({ "type": "array", "minItems": many, "maxItems": many, "items": items });
    let share = json!({ "type": "number", "minimum": 0, "maximum": 1 });
    exact(json!({
        "totalTasks": count(),
        "completedReminders": count(),
        "upcomingReminders": count(),
        "overdueReminders": count(),
        "dailyData": list(exact(json!({ "date": text(), "completed": count() })), 7),
        "weeklyData": list(exact(json!({ "week": text(), "completed": count() })), 4),
        "categoryData": {
            "type": "array",
            "items": exact(json!({ "category": text(), "count": count(), "percent": share })),
        },
    }))
}
