//! Attacks on accounts, one row each: who reads this table knows what was tried.
//!
//! A row is a test of its own, or names the test beside the route that tries the attack. `forgery` holds tokens that
//! are signed with the system's real keys and wrong in one thing only; `fixation`, `codes`, `accounts` and `flooding` what
//! an attacker plants, guesses, registers and has mailed.
//!
//! Only the store's tests let time pass: a code after five minutes, a reset link after an hour, a sign-in with Google
//! after ten minutes, a session of an account without a password after ten.

mod accounts;
mod codes;
mod fixation;
mod flooding;
mod forgery;

use jsonwebtoken::Algorithm;
use serde_json::json;

use self::forgery::{forged_access, forged_refresh};
use crate::support::epoch_seconds;
use crate::support::jwt::Purpose;

/// `/// attack` + `fact: test;`, or `/// attack` + `in path::of::a::test;`.
macro_rules! attacks {
    () => {};
    ($(#[$attack:meta])* in $test:path; $($rest:tt)*) => {
        $(#[$attack])*
        const _: fn() = $test;
        attacks! { $($rest)* }
    };
    ($(#[$attack:meta])* $fact:ident: $test:expr; $($rest:tt)*) => {
        $(#[$attack])*
        #[tokio::test]
        async fn $fact() {
            $test.await;
        }
        attacks! { $($rest)* }
    };
}

// Access tokens.
attacks! {
    /// A token without a signature: `none` in every spelling, an empty signature, no signature; keys that are guessed.
    in crate::tokens::a_token_that_is_not_ours_opens_nothing_as_bearer;
    /// The same as the access cookie.
    in crate::tokens::a_token_that_is_not_ours_opens_nothing_as_access_cookie;
    /// The same as the refresh cookie.
    in crate::tokens::a_token_that_is_not_ours_opens_nothing_as_refresh_cookie;
    /// The same on every route that needs a session.
    in crate::tokens::every_signed_in_route_refuses_forged_tokens;
    /// Algorithm confusion: our own key, but HS384.
    hs384_under_our_key_is_refused: forged_access(|token| token.algorithm(Algorithm::HS384));
    /// Algorithm confusion: our own key, but HS512.
    hs512_under_our_key_is_refused: forged_access(|token| token.algorithm(Algorithm::HS512));
    /// Algorithm confusion: the header names a public-key algorithm, the signature is an HMAC under our key.
    rs256_with_an_hmac_is_refused: forged_access(|token| token.header["alg"] = json!("RS256"));
    /// Algorithm confusion: the header says `none`, and the signature is good.
    none_with_a_good_signature_is_refused: forged_access(|token| token.header["alg"] = json!("none"));
    /// Another service of the same operator, with the same keys.
    another_issuer_is_refused: forged_access(|token| token.claims["iss"] = json!("https://evil.example"));
    /// No issuer at all.
    a_token_without_issuer_is_refused: forged_access(|token| token.remove("iss"));
    /// A token that was made for another service.
    another_audience_is_refused: forged_access(|token| token.claims["aud"] = json!("spacedly-admin"));
    /// No audience at all.
    a_token_without_audience_is_refused: forged_access(|token| token.remove("aud"));
    /// Another type, under the key of access tokens.
    another_type_is_refused: forged_access(|token| token.claims["typ"] = json!("refresh"));
    /// No type at all.
    a_token_without_type_is_refused: forged_access(|token| token.remove("typ"));
    /// Over by one second.
    an_expired_token_is_refused: forged_access(|token| token.claims["exp"] = json!(epoch_seconds() - 1));
    /// Without an end.
    a_token_without_end_is_refused: forged_access(|token| token.remove("exp"));
    /// Issued in an hour.
    a_token_of_the_future_is_refused: forged_access(|token| token.claims["iat"] = json!(epoch_seconds() + 3600));
    /// Nobody's.
    a_token_without_user_is_refused: forged_access(|token| token.remove("sub"));
    /// Of no session.
    a_token_without_session_is_refused: forged_access(|token| token.remove("sid"));
    /// Key id injection: a file whose content everybody knows.
    a_key_id_that_is_a_path_is_refused: forged_access(|token| token.under("../../../../dev/null", ""));
    /// Key id injection: the secret's field `current` is no key.
    a_key_id_that_is_no_key_is_refused: forged_access(|token| token.under("current", &token.kid()));
    /// Key id injection: a query in place of an id.
    a_key_id_that_is_a_query_is_refused: forged_access(|token| token.under("x' UNION SELECT 'key", "key"));
    /// An id of no key, under the real one.
    an_unknown_key_id_is_refused: forged_access(|token| token.header["kid"] = json!("0"));
    /// No key id at all, under the real key.
    a_token_without_key_id_is_refused: forged_access(|token| token.header["kid"] = json!(null));
    /// The payload changed under its old signature: another user.
    a_tampered_payload_is_refused: forgery::tampered_payload();
    /// A real user, and a session of somebody else, under the real key.
    a_session_of_another_user_writes_nothing: forgery::mixed_up_session();
    /// The refresh token as an access token.
    a_refresh_token_is_no_access_token: forgery::refresh_as_access();
    /// The claims of an access token, under the key of refresh tokens.
    a_key_of_another_purpose_is_refused: forged_access(|token| token.purpose(Purpose::Refresh));
}

// Refresh tokens and sessions.
attacks! {
    /// The access token as a refresh token.
    an_access_token_is_no_refresh_token: forgery::access_as_refresh();
    /// The claims of a refresh token, under the key of access tokens.
    a_refresh_token_under_another_key_is_refused: forged_refresh(|token| token.purpose(Purpose::Access));
    /// A refresh token of a generation that is yet to come, under the real key.
    a_later_generation_is_refused: forged_refresh(|token| token.claims["gen"] = json!(7));
    /// The same generation with a later end, under the real key: not the token that was given out.
    a_prolonged_refresh_token_is_refused: forged_refresh(|token| {
        token.claims["exp"] = json!(epoch_seconds() + 10_000_000);
    });
    /// Replay of a token that was rotated away, two rotations later.
    in crate::auth::theft::a_token_of_two_rotations_ago_ends_the_session;
    /// Replay of the token before, later than two tabs explain.
    in crate::auth::theft::the_token_before_is_theft_once_half_a_minute_has_passed;
    /// In two tabs at once, which is none.
    in crate::auth::refresh::refreshes_at_once_give_the_same_token;
    /// Replay after logout.
    in crate::auth::refresh::after_logout_there_is_nothing_to_refresh;
    /// Replay after a password change.
    in crate::user::change_password::all_other_sessions_end_and_the_current_one_lives;
    /// A login that overtakes a password change.
    in crate::user::change_password::no_session_opened_with_the_old_password_outlives_it;
    /// Replay after a reset.
    in crate::auth::reset_password::every_session_ends_that_of_the_caller_included;
    /// Replay after the account was deleted.
    in crate::user::delete::tokens_of_the_account_read_and_write_nothing_any_more;
    /// Writes that overtake a deletion.
    in crate::user::delete::what_is_written_meanwhile_goes_too;
    /// Writes that overtake a logout.
    in crate::races::a_logout_during_writes_leaves_nothing_written_after_it;
    /// Session fixation: the attacker's cookies are in the victim's browser before the login.
    a_login_takes_over_no_session_that_was_planted: fixation::planted_session();
    /// Fixation: the attacker's session survives in the victim's browser as the shadow of a second pair of cookies.
    a_refresh_takes_the_session_of_the_token_alone: fixation::shadowed_session();
    /// Every id of a thing or a session, given by somebody else (IDOR).
    in crate::access::another_user_s_things_are_as_unknown_as_none;
    /// The same by nobody: whether it exists is not told.
    in crate::access::whether_a_thing_exists_is_not_told_to_strangers;
    /// An account made in wait at somebody else's address, whose owner opens the link of the mail.
    in crate::auth::verify_email::the_mail_alone_verifies_nothing_and_the_token_still_works;
    /// Guesses at a password where an address is verified.
    in crate::auth::verify_email::a_wrong_password_counts_as_a_failed_login_of_the_client_and_of_the_account;
    /// The mail about an export, read by somebody else.
    in crate::user::export::the_mail_alone_leads_nowhere_and_another_user_does_not_use_it_up;
    /// The same mail, found after the password was changed.
    in crate::user::export::a_new_password_ends_the_mailed_link;
    /// The token of an ended session, sent again and again to use up the limits of the account.
    in crate::auth::refresh::a_session_that_has_ended_counts_for_itself_and_for_neither_its_account_nor_its_address;
    /// The token of an ended session, used for the address of an export.
    in crate::user::export::an_ended_session_gets_no_address_of_the_file;
    /// The same for the address of a file.
    in crate::attachments::get::an_ended_session_gets_no_address_of_a_file;
    /// The presigned link of somebody else's export.
    in crate::user::export::a_presigned_link_opens_no_other_file;
}

// One-time codes.
attacks! {
    /// Brute force: fifty guesses at once from one address, then the right code.
    in crate::auth::verify_otp::fifty_guesses_at_once_from_one_address_try_five_codes_at_most;
    /// Brute force: fifty guesses at once from fifty addresses, then the right code.
    in crate::auth::verify_otp::fifty_guesses_at_once_from_fifty_addresses_kill_the_challenge;
    /// Brute force, slowly: five guesses, then the right code.
    in crate::auth::verify_otp::after_five_wrong_codes_the_right_one_is_refused;
    /// Brute force, with a new code before the tries are used up.
    in crate::auth::resend_otp::another_code_does_not_give_the_five_tries_back;
    /// Brute force over many logins: each needs the password, and waits as a failed one.
    in crate::auth::account_limit::a_login_that_waits_for_its_code_counts_until_the_code_is_right;
    /// Guesses from an address that signed in before the owner reset the password.
    in crate::auth::account_limit::a_new_password_by_mail_makes_strangers_of_those_who_signed_in_before;
    /// A mailbox flooded with codes.
    in crate::auth::resend_otp::of_codes_asked_for_at_once_no_more_than_three_are_mailed;
    /// Reuse.
    in crate::auth::verify_otp::a_code_works_once;
    /// Reuse, at the same time.
    in crate::auth::verify_otp::of_uses_at_once_one_succeeds;
    /// The code of another login of the same user.
    in crate::auth::verify_otp::a_code_is_bound_to_its_own_login;
    /// The code of another user's login.
    in crate::auth::verify_otp::a_code_is_bound_to_its_own_user;
    /// A code whose login began with a password that has been changed.
    in crate::auth::verify_otp::a_password_change_kills_what_waited_for_a_code;
    /// The challenge itself as a token.
    in crate::auth::two_factor_login::a_challenge_opens_nothing_by_itself;
    /// Fixation: the attacker's challenge is in the victim's browser, and the victim types the code of their own mail.
    a_planted_challenge_takes_no_other_code: codes::planted_challenge();
    /// Around the second factor: a new password by mail.
    in crate::auth::reset_password::the_second_factor_stays;
    /// Around the second factor: Google.
    in crate::auth::google::a_second_factor_is_asked_for_after_google_too;
    /// Around the second factor: a registration of the same address.
    registering_again_is_no_way_around_the_second_factor: codes::register_again();
    /// Switched off by a session that has ended.
    in crate::user::two_factor::an_ended_session_switches_nothing;
}

// Mailed links.
attacks! {
    /// Reuse of a reset token.
    in crate::auth::reset_password::a_token_works_once;
    /// Reuse, at the same time.
    in crate::auth::reset_password::of_uses_at_once_one_succeeds;
    /// An older reset token, after a newer mail.
    in crate::auth::reset_password::a_newer_mail_voids_the_older_one;
    /// A token of another kind.
    in crate::auth::reset_password::a_token_of_one_kind_is_none_of_another;
    /// A guessed, shortened, prolonged token.
    in crate::auth::reset_password::a_token_that_was_never_mailed_sets_nothing;
    /// Tokens of a deleted user, also after somebody else took the address.
    in crate::user::delete::what_was_mailed_before_is_void;
    /// A link that leads to the attacker: Host headers.
    in crate::auth::forgot_password::the_link_leads_to_the_app_whatever_the_request_says_of_hosts;
    /// Which addresses have accounts: the answer of forgot-password.
    in crate::auth::forgot_password::a_known_and_an_unknown_address_get_the_same_answer;
    /// Which addresses have accounts: its time.
    in crate::auth::forgot_password::a_known_and_an_unknown_address_are_answered_in_the_same_time;
    /// A mailbox flooded with links.
    in crate::auth::forgot_password::an_address_may_ask_three_times_an_hour;
}

// Links of reminder mails that act without a sign-in.
attacks! {
    /// Programs that open every link of a mail, and submit the forms behind them.
    in crate::act::programs_that_open_links_and_submit_forms_change_nothing;
    /// A guessed, changed, shortened, prolonged token.
    in crate::act::a_changed_cut_or_guessed_token_does_nothing;
    /// A token of another kind, here and there.
    in crate::act::a_token_of_another_kind_does_nothing;
    /// The token of another user, in one's own browser.
    in crate::act::a_token_acts_for_its_own_user_and_reminder_whoever_sends_it;
    /// Reuse.
    in crate::act::done_completes_the_task_once_and_every_later_press_says_so;
    /// Reuse, at the same time.
    in crate::act::of_presses_at_once_one_acts;
    /// Reuse of the button that undoes, and of the link after it.
    in crate::act::an_undo_sent_again_and_a_button_after_it_do_nothing;
    /// An undo after ten minutes.
    in crate::act::a_tap_of_ten_minutes_ago_is_not_undone;
    /// An undo that would take back what somebody did since.
    in crate::act::what_was_changed_after_a_tap_is_not_undone;
    /// A link of an account that was deleted, or of an address that it had.
    in crate::act::after_the_account_is_deleted_or_has_another_address_its_links_do_nothing;
    /// Another site's forms and scripts, which use up no limit of the visitor.
    in crate::act::a_press_comes_from_anywhere_and_counts_for_the_address_alone;
}

// Mail to a stranger's mailbox.
attacks! {
    /// A new password again and again.
    changing_the_password_again_and_again_mails_once: flooding::password_ping_pong();
    /// An account made and deleted again and again.
    accounts_that_come_and_go_do_not_flood_a_mailbox: flooding::register_and_delete();
    /// Accounts at many tagged addresses.
    tagged_addresses_share_one_budget: flooding::tagged_addresses();
    /// Reset links, asked for from many network addresses.
    resets_from_many_addresses_share_one_budget: flooding::resets_from_everywhere();
    /// Sign-ins with Google that each mail a code.
    google_sign_ins_mail_ten_codes_an_hour: flooding::google_sign_ins();
    /// Login codes of an account that somebody else made at a tagged address of the mailbox.
    a_stranger_s_account_uses_up_no_codes_of_the_mailbox_s_owner: flooding::codes_of_a_stranger_s_account();
    /// Login codes, by whoever knows the password.
    logins_mail_ten_codes_an_hour_from_wherever: flooding::login_codes();
}

// Passwords and addresses.
attacks! {
    /// Guessing at once from one address.
    in crate::limits::fifty_guesses_at_once_try_five_passwords_at_most;
    /// Guessing at once from fifty addresses.
    in crate::auth::account_limit::fifty_guesses_at_once_from_fifty_addresses_try_ten_passwords_at_most;
    /// Locking the owner out by guessing.
    in crate::auth::account_limit::addresses_that_signed_in_before_are_not_affected;
    /// An address of one's own choice: `X-Forwarded-For` and its kin.
    in crate::limits::a_header_makes_no_other_client;
    /// Which addresses have accounts: the answer of a login.
    in crate::auth::login::a_wrong_password_and_an_unknown_address_get_the_same_answer;
    /// Which addresses have accounts: its time.
    a_login_takes_as_long_for_an_unknown_address: accounts::login_time();
    /// Which addresses have accounts: their limit.
    in crate::auth::account_limit::an_unknown_address_is_limited_as_a_known_one;
    /// Operators in place of a password.
    in crate::auth::login::every_bad_field_is_named;
    /// A password of ten megabytes.
    a_password_of_ten_megabytes_is_not_hashed: accounts::huge_password();
    /// Passwords that everybody has.
    in crate::passwords::nobody_registers_with_a_leaked_password;
    /// Passwords that are their user's name, or the product's.
    in crate::passwords::nobody_s_password_is_their_name_or_the_product_s_on_any_route;
    /// An address that differs in case, or in how its letters are composed.
    in crate::auth::register::an_address_is_unique_without_regard_to_case;
    /// An address that differs in spaces around it.
    spaces_around_an_address_make_no_other: accounts::spaces();
    /// An address that differs in dots: somebody else's, unlike at some providers.
    dots_make_another_address: accounts::dots();
    /// An address that looks like the victim's.
    a_look_alike_address_is_somebody_else: accounts::lookalikes();
    /// A letter that becomes the victim's in lower case: the mail goes to the address that is stored.
    a_reset_mail_goes_to_the_stored_address: accounts::folded_letter();
    /// A registration race.
    in crate::races::of_32_registrations_of_one_address_one_succeeds;
    /// Header injection through the name.
    a_name_adds_no_header_to_a_mail: accounts::headers_in_a_name();
    /// Header injection through the address.
    in crate::auth::register::every_bad_field_is_named_and_nothing_is_stored;
    /// Markup through the name.
    in crate::auth::forgot_password::a_name_is_escaped_in_the_mail;
    /// Fields that are not the client's to set.
    in crate::auth::register::fields_that_are_not_asked_for_are_ignored;
}

// Google, and requests that a browser is made to send.
attacks! {
    /// Login CSRF with a password.
    in crate::csrf::signing_in_and_out_from_another_page_is_403;
    /// CSRF on everything else.
    in crate::csrf::every_route_that_changes_something_refuses_another_page;
    /// Login CSRF with Google: the attacker's callback in the victim's browser.
    in crate::auth::google_failures::without_the_flow_s_cookie_it_is_refused;
    /// State and codes of two flows swapped.
    in crate::auth::google_failures::another_flow_s_cookie_does_not_take_this_flow_s_code;
    /// A guessed, changed, missing state.
    in crate::auth::google_failures::a_state_that_is_not_the_flow_s_is_refused;
    /// A flow's cookie that was written over.
    in crate::auth::google_failures::a_cookie_that_was_written_over_is_refused_wherever_it_was;
    /// A code replayed, a callback replayed.
    in crate::auth::google_failures::a_callback_works_once;
    /// An ID token that was made for another request.
    in crate::auth::google_failures::an_id_token_with_another_nonce_is_refused;
    /// A stolen code without the verifier.
    in crate::auth::google_failures::a_code_that_was_asked_for_with_another_verifier_is_refused;
    /// An account that was made in wait for the address's owner.
    in crate::auth::google::an_account_whose_address_was_never_verified_loses_password_and_sessions_at_linking;
    /// An address that the provider does not vouch for.
    in crate::auth::google::an_address_that_the_provider_does_not_vouch_for_opens_and_makes_nothing;
    /// Open redirect.
    in crate::auth::google_failures::the_way_ends_at_the_app_wherever_a_link_would_like_it_to;
    /// Header injection through what the provider says.
    in crate::auth::google_failures::what_the_provider_says_went_wrong_is_not_passed_on;
    /// Script that reads cookies: the attributes of a session's.
    in crate::auth::login::cookies_have_exactly_their_attributes;
    /// The attributes of a challenge's cookie.
    in crate::auth::two_factor_login::the_challenge_cookie_has_exactly_its_attributes;
    /// The attributes of the cookie of a sign-in with Google.
    in crate::auth::google::the_flow_s_cookie_has_exactly_its_attributes;
    /// Another page reads answers.
    in crate::cors::another_page_may_not_read_answers;
}
