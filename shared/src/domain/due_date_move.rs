//! What moving a task's due date does to its relative reminders: the one place that decides it, whoever moves the date.

use crate::clock::Timestamp;
use crate::domain::reminder::{Reminder, ReminderStatus};
use crate::domain::reminder_change::{ChangeCause, ReminderChange, TASK_COMPLETED};
use crate::domain::task::TaskStatus;

/// Why a reminder that its task's due date has moved into the past does not fire, for the user.
const TIME_HAS_PASSED: &str = "its time had passed";

/// Why a due date moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveCause {
    /// Its user moves it. It is the same occurrence of the task.
    ByHand,
    /// The task goes on to its next occurrence.
    Advance,
}

/// A due date that moves; an advance may leave it where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueDateMove {
    /// Where it was; `None` for a task that had none.
    pub from: Option<Timestamp>,
    /// Where it is from now on.
    pub to: Timestamp,
    /// Why.
    pub cause: MoveCause,
    /// How far the task is from now on.
    pub task_status: TaskStatus,
    /// When that happens.
    pub at: Timestamp,
}

impl DueDateMove {
    /// What the move changes of a task's reminders. Those with a time of their own stay as they are.
    pub fn replan(&self, reminders: &[Reminder]) -> Vec<ReminderChange> {
        reminders.iter().filter_map(|reminder| self.follow(reminder)).collect()
    }

    /// A relative reminder keeps its distance to the due date. A snooze ends. It is pending again when its new time lies ahead,
    /// unless its user skipped it for this occurrence or the task is completed.
    fn follow(&self, reminder: &Reminder) -> Option<ReminderChange> {
        let scheduled_at = self.to.minus(reminder.offset_minutes?.duration());
        // Completed early, a task may be due on the same day again: its next occurrence is another one all the same.
        let returns = reminder.skipped_by_user && self.cause == MoveCause::Advance;
        if scheduled_at == reminder.scheduled_at && reminder.snoozed_until.is_none() && !returns {
            return None;
        }
        let fired_for = reminder.last_fired_for();
        let mut next = Reminder { scheduled_at, snoozed_until: None, fired_for, ..reminder.clone() };
        next.touch(self.at);
        let stays_skipped = reminder.skipped_by_user && self.cause == MoveCause::ByHand;
        if self.task_status == TaskStatus::Completed {
            next.skip_if_pending(TASK_COMPLETED);
        } else if scheduled_at <= self.at {
            next.skip_if_pending(TIME_HAS_PASSED);
        } else if !stays_skipped {
            let is_new = reminder.status != ReminderStatus::Pending || reminder.has_fired();
            if is_new || self.cause == MoveCause::Advance {
                next.reset_receipts();
            }
            next.status = ReminderStatus::Pending;
            next.skipped_by_user = false;
            next.plan_from(self.at);
        }
        Some(ReminderChange { read: reminder.clone(), next, at: self.at, cause: ChangeCause::Moved })
    }
}

impl Reminder {
    fn skip_if_pending(&mut self, reason: &str) {
        if self.status == ReminderStatus::Pending {
            self.status = ReminderStatus::Skipped;
            self.plan = self.version;
            self.delivery = self.delivery.skipped(reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::domain::body::testing::parsed_at;
    use crate::domain::counters::CounterMark;
    use crate::domain::delivery::DeliveryState;
    use crate::domain::reminder::ReminderPatch;
    use crate::domain::snooze::Snooze;
    use crate::domain::zone::Zone;
    use crate::id::{TaskId, UserId};

    const HOUR: Duration = Duration::from_secs(3600);

    fn now() -> Timestamp {
        Timestamp::parse("2026-01-05T08:00:00Z").unwrap()
    }

    fn due() -> Timestamp {
        now().plus(HOUR * 10)
    }

    /// Two hours before [`due`], sent half an hour ahead.
    fn reminder() -> Reminder {
        let body = json!({"taskId": TaskId::new(), "offsetMinutes": 120, "leadMinutes": 30});
        Reminder::new(UserId::new(), parsed_at(body, now()).unwrap(), Some(due()), now()).unwrap()
    }

    fn with_status(reminder: &Reminder, status: ReminderStatus) -> Reminder {
        let patch = ReminderPatch { status: Some(status), ..ReminderPatch::default() };
        reminder.change(patch, now()).unwrap().marked(&Zone::UTC).reminder
    }

    fn fired(reminder: &Reminder) -> Reminder {
        reminder.fire(now()).marked(&Zone::UTC).reminder
    }

    fn by_hand(to: Timestamp) -> DueDateMove {
        DueDateMove {
            from: Some(due()),
            to,
            cause: MoveCause::ByHand,
            task_status: TaskStatus::Todo,
            at: now().plus(HOUR / 2),
        }
    }

    fn moved(reminder: &Reminder, by: DueDateMove) -> Reminder {
        by.replan(std::slice::from_ref(reminder)).pop().unwrap().marked(&Zone::UTC).reminder
    }

    #[test]
    fn it_keeps_its_distance_and_its_lead_and_has_another_plan() {
        let reminder = reminder();
        assert_eq!(reminder.scheduled_at, due().minus(HOUR * 2));
        assert_eq!(reminder.fires_at(), Some(due().minus(HOUR * 5 / 2)));
        let later = moved(&reminder, by_hand(due().plus(HOUR * 24)));
        assert_eq!(later.fires_at(), Some(due().plus(HOUR * 24).minus(HOUR * 5 / 2)));
        assert_eq!((later.plan, later.version), (2, 2));
        assert_eq!(later.follows(), Some(due().plus(HOUR * 24)));
    }

    #[test]
    fn one_with_a_time_of_its_own_and_one_whose_due_date_stays_are_left_alone() {
        let reminder = reminder();
        let absolute = Reminder { offset_minutes: None, ..reminder.clone() };
        assert!(by_hand(due().plus(HOUR)).replan(&[absolute]).is_empty());
        assert!(by_hand(due()).replan(&[reminder]).is_empty());
    }

    #[test]
    fn one_that_fired_is_pending_again_and_what_it_counted_stays() {
        let fired = Reminder { email_sent: true, email_sent_at: Some(now()), ..fired(&reminder()) };
        let day = "2026-01-05".parse().unwrap();
        assert_eq!((fired.counted, fired.kept_day), (Some(CounterMark::CompletedOn(day)), Some(day)));
        let change = by_hand(due().plus(HOUR * 48)).replan(&[fired]).pop().unwrap().marked(&Zone::UTC);
        assert_eq!(change.reminder.status, ReminderStatus::Pending);
        assert!(change.reminder.fires_at().is_some() && !change.reminder.email_sent);
        assert_eq!((change.counters.pending, change.counters.completed, change.completion), (1, 0, None));
        assert_eq!(change.reminder.kept_day, Some(day));
    }

    #[test]
    fn one_completed_by_hand_is_pending_again_and_its_completion_is_kept_in_a_row() {
        use crate::domain::completion::CompletionChange;

        let done = with_status(&reminder(), ReminderStatus::Completed);
        let change = by_hand(due().plus(HOUR * 48)).replan(&[done]).pop().unwrap().marked(&Zone::UTC);
        assert_eq!((change.counters.pending, change.counters.completed), (1, 0));
        assert!(matches!(change.completion, Some(CompletionChange::Keep(_))));
        let undone = with_status(&change.reminder, ReminderStatus::Skipped);
        assert_eq!(undone.kept_day, change.reminder.kept_day);
    }

    #[test]
    fn moved_into_the_past_it_is_skipped_and_moved_ahead_it_is_pending_again() {
        let past = moved(&reminder(), by_hand(now().plus(HOUR * 2)));
        assert_eq!((past.status, past.fires_at()), (ReminderStatus::Skipped, None));
        assert_eq!(past.delivery.reason.as_deref(), Some("its time had passed"));
        let ahead = moved(&past, by_hand(due().plus(HOUR)));
        assert_eq!(ahead.status, ReminderStatus::Pending);
        assert_eq!(ahead.fires_at(), Some(due().plus(HOUR).minus(HOUR * 5 / 2)));
    }

    #[test]
    fn only_the_lead_past_it_goes_out_at_once() {
        let by = by_hand(now().plus(HOUR * 11 / 4));
        let moved = moved(&reminder(), by);
        assert_eq!(moved.fires_at(), Some(by.at));
    }

    #[test]
    fn skipped_by_its_user_it_stays_so_for_this_occurrence_and_is_pending_at_the_next() {
        let skipped = with_status(&reminder(), ReminderStatus::Skipped);
        let by = by_hand(due().plus(HOUR * 24));
        let stays = moved(&skipped, by);
        assert_eq!((stays.status, stays.scheduled_at), (ReminderStatus::Skipped, due().plus(HOUR * 22)));
        let next = moved(&stays, DueDateMove { to: due().plus(HOUR * 48), cause: MoveCause::Advance, ..by });
        assert_eq!((next.status, next.skipped_by_user), (ReminderStatus::Pending, false));
    }

    #[test]
    fn of_a_completed_task_it_moves_and_does_not_fire() {
        let by = DueDateMove { task_status: TaskStatus::Completed, ..by_hand(due().plus(HOUR)) };
        let moved = moved(&reminder(), by);
        assert_eq!((moved.status, moved.fires_at()), (ReminderStatus::Skipped, None));
        assert_eq!(moved.delivery.reason.as_deref(), Some(TASK_COMPLETED));
    }

    #[test]
    fn moved_back_to_a_time_for_which_it_fired_it_does_not_fire_again() {
        let reminder = fired(&reminder());
        let away = moved(&reminder, by_hand(due().plus(HOUR)));
        let back = moved(&away, by_hand(due()));
        assert_eq!((back.status, back.fires_at()), (ReminderStatus::Pending, None));
        assert_eq!(back.delivery.state, DeliveryState::Skipped);
    }

    #[test]
    fn moving_the_due_date_ends_a_snooze_and_brings_the_lead_back() {
        let snoozed = reminder().snooze(Snooze::Until(due().plus(HOUR)), now()).unwrap().next;
        assert_eq!((snoozed.fires_at(), snoozed.follows()), (Some(due().plus(HOUR)), None));
        let moved = moved(&snoozed, by_hand(due().plus(HOUR)));
        assert_eq!(moved.snoozed_until, None);
        assert_eq!(moved.fires_at(), Some(due().plus(HOUR).minus(HOUR * 5 / 2)));
    }

    #[test]
    fn at_the_last_instant_it_never_fires() {
        assert_eq!(
            moved(&Reminder { offset_minutes: parsed_offset(0), ..reminder() }, by_hand(Timestamp::MAX)).fires_at(),
            None
        );
    }

    fn parsed_offset(minutes: u32) -> Option<crate::domain::minutes::OffsetMinutes> {
        serde_json::from_value(json!(minutes)).unwrap()
    }
}
