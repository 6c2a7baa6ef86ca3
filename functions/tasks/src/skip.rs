//! `POST /api/tasks/{id}/skip`

use std::cell::OnceCell;

use serde::Serialize;
use shared::clock::Timestamp;
use shared::domain::occurrence::OccurrenceOut;
use shared::domain::task::TaskOut;
use shared::http::{ApiError, App, ErrorCode, Operation, Request, Success, WithHead, retry_conflicts};
use shared::id::TaskId;

use crate::{TASK, find, follow_due_date};

shared::body! {
    /// The occurrence to skip.
    #[derive(Clone, Copy, Debug)]
    pub struct Skip {
        /// The due date of the occurrence that is skipped: a task that has another one by then stays as it is.
        pub occurrence: Option<Timestamp> = optional "occurrence",
    }
}

/// The task after the skip.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct SkippedTask {
    task: TaskOut,
    /// The occurrence that the request skipped; null when the task had another one by then.
    skipped_occurrence: Option<OccurrenceOut>,
}

pub const OPERATION: Operation<Skip, Success<SkippedTask>> = Operation::post(
    "/api/tasks/{id}/skip",
    "Skip the present occurrence of a recurring task",
)
.describe(
    "The task advances to its next due date without being completed; its pending reminders with a time of their own \
             are skipped, relative ones move along. After the last occurrence the task is completed.",
)
.optional_body()
.if_match()
.etag()
.idempotent()
.errors(&[ErrorCode::NotOpen]);

const NOT_OPEN: &str = "Only a recurring task that is not completed has an occurrence to skip";

pub async fn handle(app: &App, request: &Request<'_, Skip>) -> Result<Success<SkippedTask>, ApiError> {
    let id = request.path_id(TASK, TaskId::parse)?;
    let Skip { occurrence } = request.body(app)?;
    let first_occurrence = OnceCell::new();
    let skipped = retry_conflicts(async || {
        let row = find(app, request, id).await?;
        request.check_match(row.task.version)?;
        let seen = *first_occurrence.get_or_init(|| row.task.present_occurrence());
        let change = row.task.skip_seen(occurrence, seen, request.now());
        let change = change.ok_or_else(|| ApiError::new(ErrorCode::NotOpen).with_message(NOT_OPEN))?;
        let change = follow_due_date(app, request, change).await?;
        let skipped = SkippedTask {
            task: TaskOut::new(change.task.clone(), &app.http.public_url),
            skipped_occurrence: change.occurrence.clone().map(OccurrenceOut::from),
        };
        let answer = Success::new("Occurrence skipped successfully", skipped).etag(change.task.version);
        request.answer_once(app, answer, async |permit| app.store.update_task(permit, &row, &change).await).await
    })
    .await;
    request.or_first_answer(app, skipped).await
}
