//! The two queues of `mail-send`.

use aws_types::SdkConfig;

use super::queue::Queue;
use crate::config::{BadConfig, Variable, required};
use crate::domain::mail::MailLane;
use crate::messages::SendMail;

/// A queue for login codes and resets, and one for all other mail, so that a flood of the latter delays no code.
#[derive(Clone, Debug)]
pub struct MailQueues {
    /// Login codes and password resets.
    pub codes: Queue<SendMail>,
    /// All other mail.
    pub others: Queue<SendMail>,
}

impl MailQueues {
    /// The variables with their addresses.
    pub const VARIABLES: [Variable; 2] = [Variable::CodeMailQueueUrl, Variable::MailQueueUrl];

    /// The queues that the environment names.
    ///
    /// # Errors
    /// An address is missing.
    pub fn from_env(sdk: &SdkConfig) -> Result<Self, BadConfig> {
        let queue = |variable| Ok(Queue::new(sdk, required(variable)?));
        Ok(Self { codes: queue(Variable::CodeMailQueueUrl)?, others: queue(Variable::MailQueueUrl)? })
    }

    /// The queue of a lane.
    pub fn of(&self, lane: MailLane) -> &Queue<SendMail> {
        match lane {
            MailLane::Codes => &self.codes,
            MailLane::Others => &self.others,
        }
    }
}
