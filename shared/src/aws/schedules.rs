//! One-time schedules of EventBridge Scheduler.
//!
//! A schedule's name holds the reminder and its plan, so making it twice makes one, and no name is ever used
//! again. Instants are UTC: Scheduler skips local times that daylight saving leaves out.

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::operation::create_schedule::CreateScheduleError;
use aws_sdk_scheduler::operation::delete_schedule::DeleteScheduleError;
use aws_sdk_scheduler::types::{
    self, ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy,
};

use aws_types::SdkConfig;
use serde::Serialize;

use super::CallFailed;
use crate::clock::Timestamp;
use crate::config::{BadConfig, Variable, required};
use crate::id::ReminderId;

/// Where schedules live, and what they may do.
#[derive(Clone, Debug)]
pub struct Target {
    /// The group that they are in.
    pub group: String,
    /// The role that puts their messages on the queue.
    pub role_arn: String,
    pub queue_arn: String,
    /// Where what could not be put on the queue goes.
    pub dead_letter_arn: String,
}

impl Target {
    /// Reads the environment.
    ///
    /// # Errors
    /// A variable is missing.
    pub fn from_env() -> Result<Self, BadConfig> {
        Ok(Self {
            group: required(Variable::ScheduleGroup)?,
            role_arn: required(Variable::SchedulerRoleArn)?,
            queue_arn: required(Variable::ReminderQueueArn)?,
            dead_letter_arn: required(Variable::SchedulerDlqArn)?,
        })
    }
}

/// Creates and deletes schedules.
#[derive(Clone, Debug)]
pub struct Schedules {
    client: Client,
    target: Target,
}

impl Schedules {
    /// Schedules with this target.
    pub fn new(sdk: &SdkConfig, target: Target) -> Self {
        Self { client: Client::new(sdk), target }
    }

    /// Schedules `message` of a reminder's plan: it is put on the queue at `at`, to the minute. Doing it again changes nothing.
    ///
    /// # Errors
    /// The service failed.
    pub async fn create(
        &self,
        (reminder, plan): (ReminderId, u64),
        message: &impl Serialize,
        at: Timestamp,
    ) -> Result<(), CallFailed> {
        const OPERATION: &str = "CreateSchedule";
        let malformed = |detail: String| CallFailed { operation: OPERATION, code: "none".to_owned(), detail };
        let input = serde_json::to_string(message).map_err(|error| malformed(error.to_string()))?;
        let dead_letters = DeadLetterConfig::builder().arn(&self.target.dead_letter_arn).build();
        let target = types::Target::builder()
            .arn(&self.target.queue_arn)
            .role_arn(&self.target.role_arn)
            .input(input)
            .dead_letter_config(dead_letters)
            .retry_policy(
                RetryPolicy::builder().maximum_event_age_in_seconds(86_400).maximum_retry_attempts(185).build(),
            )
            .build()
            .map_err(|error| malformed(error.to_string()))?;
        let window = FlexibleTimeWindow::builder()
            .mode(FlexibleTimeWindowMode::Off)
            .build()
            .map_err(|error| malformed(error.to_string()))?;
        let sent = self
            .client
            .create_schedule()
            .group_name(&self.target.group)
            .name(name(reminder, plan))
            .schedule_expression(format!("at({})", without_fraction(at)))
            .schedule_expression_timezone("UTC")
            .flexible_time_window(window)
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(target)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.as_service_error(), Some(CreateScheduleError::ConflictException(_))) => Ok(()),
            Err(error) => Err(CallFailed::new(OPERATION, &error)),
        }
    }

    /// Deletes a schedule; one that is not there is deleted already.
    ///
    /// # Errors
    /// The service failed.
    pub async fn delete(&self, reminder: ReminderId, plan: u64) -> Result<(), CallFailed> {
        let sent = self.client.delete_schedule().group_name(&self.target.group).name(name(reminder, plan)).send().await;
        match sent {
            Ok(_) => Ok(()),
            Err(error)
                if matches!(error.as_service_error(), Some(DeleteScheduleError::ResourceNotFoundException(_))) =>
            {
                Ok(())
            }
            Err(error) => Err(CallFailed::new("DeleteSchedule", &error)),
        }
    }
}

fn name(reminder: ReminderId, plan: u64) -> String {
    format!("reminder-{reminder}-{plan}")
}

/// `at()` takes `yyyy-mm-ddThh:mm:ss`.
fn without_fraction(at: Timestamp) -> String {
    at.to_string().split('.').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_schedulers_64_characters() {
        assert!(name(ReminderId::new(), 9_999_999_999_999_999).len() <= 64);
    }

    #[test]
    fn an_instant_is_written_as_scheduler_reads_it() {
        let at = Timestamp::parse("2026-01-01T12:34:56.789Z").unwrap();
        assert_eq!(without_fraction(at), "2026-01-01T12:34:56");
    }
}
