//! `mail-send` when SES works, when it does not, and when a try was killed.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::num::NonZeroU32;
use std::time::Duration;

use mail::render::Links;
use mail::send::Sender;
use serde_json::json;
use shared::auth::mailed::MailedToken;
use shared::aws::mailer::Mailer;
use shared::aws::queue::SendMail;
use shared::aws::secrets::Secrets;
use shared::clock::Timestamp;
use shared::domain::delivery::DeliveryState;
use shared::domain::mail::{Mail, MailContent, MailState};
use shared::domain::notification::Notification;
use shared::domain::reminder::Reminder;
use shared::events::Message;
use shared::id::{ReminderId, TokenSeed};
use shared::store::Permit;
use shared::store::mails::Outcome;
use world::{Answer, Scripted, World, keyring, verification};

const MAX_RECEIVES: u32 = 4;

struct Post {
    world: World,
    ses: Scripted,
    sender: Sender,
    mail: Mail,
    reminder: ReminderId,
}

/// A reminder's mail on its way out, and an SES that answers so.
async fn post(answers: Vec<Answer>) -> Post {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let reminder = world.reminder(&task, Duration::from_secs(600)).await;
    let now = Timestamp::now();
    let mut fired: Reminder = reminder.clone();
    fired.fire(now);
    let mail = Mail::hour_before(&fired, &task, now);
    let told = Notification::upcoming(&task, now);
    let system = Permit::of_system();
    world.store.fire_reminder(&system, (&fired, reminder.version), &told, Some(&mail), &world.user).await.unwrap();
    let ses = Scripted::new(answers).await;
    let secret = json!({"current": "1", "1": "a".repeat(40)}).to_string();
    let manager = Scripted::new(vec![Answer::ok().with(json!({"SecretString": secret}))]).await;
    let sender = Sender {
        store: world.store.clone(),
        secrets: Secrets::load(&manager.sdk(), "secret".to_owned()).await.unwrap(),
        mailer: Mailer::new(&ses.sdk(), "noreply@example.com".to_owned(), "spacedly".to_owned()),
        links: Links { frontend: "https://app.example.com".to_owned(), public: "https://api.example.com".to_owned() },
        max_receives: NonZeroU32::new(MAX_RECEIVES).unwrap(),
    };
    Post { world, ses, sender, mail, reminder: fired.id }
}

impl Post {
    async fn deliver(&self, deliveries: u32, now: Timestamp) -> Result<(), shared::events::Failure> {
        let body = SendMail { user_id: self.world.user.id, mail_id: self.mail.id };
        self.sender.handle(Message { body, deliveries }, now).await
    }

    async fn state(&self) -> MailState {
        self.world.store.outgoing(self.world.user.id, self.mail.id).await.unwrap().unwrap().mail.state
    }

    async fn reminder(&self) -> Reminder {
        self.world.store.reminder(self.world.user.id, self.reminder).await.unwrap().unwrap()
    }
}

fn sent() -> Answer {
    Answer::ok().with(json!({"MessageId": "m-1"}))
}

fn refused() -> Answer {
    Answer::error(json!({"__type": "MessageRejected", "message": "no"}))
}

#[tokio::test]
async fn a_mail_goes_out_once_however_often_its_message_comes() {
    let post = post(vec![sent()]).await;
    for _ in 0..3 {
        post.deliver(1, Timestamp::now()).await.unwrap();
    }
    let asked = post.ses.bodies();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["Destination"]["ToAddresses"], json!(["someone@example.com"]));
    assert_eq!(asked[0]["Content"]["Simple"]["Subject"]["Data"], "Reminder: Pay rent is due soon");
    assert_eq!(asked[0]["ConfigurationSetName"], "spacedly");
    let reminder = post.reminder().await;
    assert!(reminder.email_sent && reminder.email_sent_at.is_some());
    assert_eq!((reminder.delivery.state, reminder.delivery.attempts), (DeliveryState::Sent, 1));
}

#[tokio::test]
async fn what_ses_refuses_is_tried_again_and_counts_its_tries() {
    let post = post(vec![refused(), refused(), sent()]).await;
    assert!(post.deliver(1, Timestamp::now()).await.is_err());
    assert_eq!(post.state().await, MailState::Queued);
    assert!(post.deliver(2, Timestamp::now()).await.is_err());
    post.deliver(3, Timestamp::now()).await.unwrap();
    assert_eq!((post.state().await, post.reminder().await.delivery.attempts), (MailState::Sent, 3));
}

#[tokio::test]
async fn after_the_last_delivery_the_failure_shows_and_a_redrive_sends_it_after_all() {
    let post = post(vec![refused(), sent()]).await;
    assert!(post.deliver(MAX_RECEIVES, Timestamp::now()).await.is_err(), "the queue is to park it");
    assert_eq!(post.state().await, MailState::Failed);
    let failed = post.reminder().await;
    assert_eq!((failed.email_sent, failed.delivery.state), (false, DeliveryState::Failed));
    post.deliver(1, Timestamp::now()).await.unwrap();
    assert_eq!(post.reminder().await.delivery.state, DeliveryState::Sent);
}

#[tokio::test]
async fn a_try_that_was_killed_before_ses_is_made_again_when_its_lease_has_ended() {
    let post = post(vec![sent()]).await;
    let now = Timestamp::now();
    post.world.store.claim_mail(&Permit::of_system(), &post.mail, Duration::from_secs(60), now).await.unwrap();
    assert!(post.deliver(1, now).await.is_err(), "the killed try could still be at work");
    assert!(post.ses.asked().is_empty());
    post.deliver(2, now.plus(Duration::from_secs(61))).await.unwrap();
    assert_eq!((post.ses.asked().len(), post.state().await), (1, MailState::Sent));
}

#[tokio::test]
async fn a_call_that_failed_is_not_made_again_behind_our_back() {
    let post = post(vec![Answer::broken()]).await;
    assert!(post.deliver(1, Timestamp::now()).await.is_err());
    assert_eq!(post.ses.asked().len(), 1, "SES knows no idempotency token");
}

#[tokio::test]
async fn where_the_answer_was_lost_the_mail_may_have_left_and_waits_for_its_lease() {
    let post = post(vec![Answer::hung_up(), sent()]).await;
    let now = Timestamp::now();
    assert!(post.deliver(1, now).await.is_err());
    assert_eq!((post.ses.asked().len(), post.state().await), (1, MailState::Sending));
    assert!(post.deliver(2, now).await.is_err());
    assert_eq!(post.ses.asked().len(), 1);
}

#[tokio::test]
async fn a_try_that_was_killed_before_its_receipt_has_it_written_by_the_next() {
    let post = post(vec![sent()]).await;
    post.world.store.settle_mail(&Permit::of_system(), &post.mail, Outcome::Sent).await.unwrap();
    assert!(!post.reminder().await.email_sent);
    post.deliver(2, Timestamp::now()).await.unwrap();
    assert!(post.reminder().await.email_sent && post.ses.asked().is_empty());
}

#[tokio::test]
async fn a_mail_whose_key_is_gone_is_given_up_and_shows() {
    let post = post(vec![sent()]).await;
    let user = world::new_user("other@example.com");
    let (mut mail, token): (Mail, MailedToken) = verification(&user);
    mail.content = MailContent::Verification { seed: TokenSeed::new(), kid: "taken out".to_owned() };
    post.world.store.register(&Permit::of_system(), &user, &mail, &token).await.unwrap();
    let body = SendMail { user_id: user.id, mail_id: mail.id };
    assert!(post.sender.handle(Message { body, deliveries: 1 }, Timestamp::now()).await.is_err());
    let outgoing = post.world.store.outgoing(user.id, mail.id).await.unwrap().unwrap();
    assert_eq!((outgoing.mail.state, post.ses.asked().len()), (MailState::Failed, 0));
}

#[tokio::test]
async fn a_verification_mail_holds_the_token_that_its_row_was_stored_under() {
    let post = post(vec![sent()]).await;
    let user = world::new_user("other@example.com");
    let (mail, token): (Mail, MailedToken) = verification(&user);
    post.world.store.register(&Permit::of_system(), &user, &mail, &token).await.unwrap();
    let body = SendMail { user_id: user.id, mail_id: mail.id };
    post.sender.handle(Message { body, deliveries: 1 }, Timestamp::now()).await.unwrap();
    let text = post.ses.bodies()[0]["Content"]["Simple"]["Body"]["Text"]["Data"].to_string();
    let MailContent::Verification { seed, .. } = mail.content else { unreachable!() };
    let derived = MailedToken::derive(&keyring(), "1", seed).unwrap();
    assert!(text.contains(derived.expose()) && derived.hash() == token.hash());
}
