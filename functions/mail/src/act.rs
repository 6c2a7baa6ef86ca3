//! `POST /api/act`
//!
//! A button of the page of a reminder mail's link. The signed token alone authorises the request, and opens no session. A link
//! acts once: sent again, the request is answered with the page of what it did.

use shared::domain::tap::{Action, Button, Effect, PressedAt, Tap, Undo};
use shared::domain::task_plan::PlanChange;
use shared::http::{ApiError, App, ErrorCode, Operation, Page, Request, retry_conflicts};
use shared::store::taps::TapPurpose;
use shared::store::{Refusal, WriteError};

use crate::action_page;
use crate::opened_link::{self, OpenedLink, TOKEN_PARAMETER};

shared::body! {
    /// The form of the page.
    #[derive(Clone, Copy, Debug)]
    pub struct Press {
        /// The button that was pressed. Programs that submit forms by themselves send none: then nothing is done.
        pub button: Option<Button> = optional "action",
    }
}

pub const OPERATION: Operation<Press, Page> =
    Operation::post_form("/api/act", "Press a button of a reminder mail's page")
        .describe(
            "The link's token is the only credential. `done` completes the task, or the occurrence of a recurring one that \
             the mail was about; `in-an-hour` and `tomorrow-morning` put the reminder off; `again`, `hard`, `good` and `easy` \
             rate a review, and only the links of reviews have them; `undo`, with the token of the page that says what was \
             done, takes it back. A link acts once, for seven days, and while the reminder is as it was.",
        )
        .anyone()
        .counted_by_address()
        .foreign_posts()
        .reports_bad_fields()
        .query(&[TOKEN_PARAMETER])
        .errors(&[ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, Press>) -> Result<Page, ApiError> {
    let (press, errors) = request.body_and_errors(app)?;
    retry_conflicts(async || {
        let Some(opened) = opened_link::open(app, request, TapPurpose::Press).await? else {
            return action_page::invalid();
        };
        let known = press.filter(|_| errors.is_empty());
        match known.map(|press| press.button) {
            Some(None) => action_page::of(&opened, request),
            Some(Some(button)) if opened.link.kind.offers(button) => match button {
                Button::Act(action) => act(app, request, &opened, action).await,
                Button::Undo => undo(app, request, &opened).await,
            },
            Some(Some(_)) | None => action_page::unknown_button(),
        }
    })
    .await
}

async fn act(app: &App, request: &Request<'_, Press>, opened: &OpenedLink, action: Action) -> Result<Page, ApiError> {
    let (OpenedLink { link, rows, .. }, now) = (opened, request.now());
    if let Some(tap) = &rows.tap {
        return action_page::after(opened, tap, now);
    }
    let task = rows.task.as_ref();
    let subject = link.subject(task.map(|row| &row.task), rows.reminder.as_ref());
    let pressed = PressedAt { at: now, written_at: app.clock.now() };
    let effect = subject.and_then(|subject| action.effect(subject, &rows.user, pressed));
    let (row, reminder, effect) = match (task.zip(rows.reminder.as_ref()), effect) {
        (Some((row, reminder)), Ok(effect)) => (row, reminder, effect),
        (_, Err(stale)) => return action_page::stale(opened, stale),
        (None, Ok(_)) => return action_page::invalid(),
    };
    let permit = request.permit().await?;
    let tap = match effect {
        Effect::Complete(change) => {
            let change = app.store.read_reminders_of(*change).await?;
            let tap = Tap::of_completion(link, action, &row.task, &change);
            app.store.complete_by_tap(&permit, row, &change, &tap).await?;
            tap
        }
        Effect::Snooze(change) => {
            let tap = Tap::of_snooze(link, action, &change);
            match app.store.snooze_by_tap(&permit, &change, &tap).await {
                // The next try finds the task completed.
                Err(WriteError::Refused(Refusal::NotOpen)) => return Err(ApiError::new(ErrorCode::Conflict)),
                written => written?,
            }
            tap
        }
        Effect::Rate(change) => {
            let tap = |change: &PlanChange| Tap::of_rating(link, action, (&row.task, reminder), change);
            app.store.rate_by_tap(&permit, row, (&change, &rows.days), tap).await?;
            tap(&change)
        }
    };
    action_page::after(opened, &tap, now)
}

async fn undo(app: &App, request: &Request<'_, Press>, opened: &OpenedLink) -> Result<Page, ApiError> {
    let (rows, now) = (&opened.rows, request.now());
    let Some(tap) = &rows.tap else { return action_page::invalid() };
    let task = rows.task.as_ref();
    let undo = match tap.undo(task.map(|row| &row.task), rows.reminder.as_ref(), now) {
        Ok(undo) => undo,
        Err(refused) => return action_page::not_undone(opened, tap, refused, now),
    };
    let permit = request.permit().await?;
    match (undo, task) {
        (Undo::Task(change), Some(row)) => app.store.undo_completion(&permit, row, *change, tap).await?,
        (Undo::Reminder(change), _) => app.store.undo_snooze(&permit, &change, tap).await?,
        (Undo::Rating(change), Some(row)) => app.store.undo_rating(&permit, row, &change, tap).await?,
        (Undo::Task(_) | Undo::Rating(_), None) => return action_page::invalid(),
    }
    action_page::after(opened, &Tap { undone_at: Some(now), ..tap.clone() }, now)
}
