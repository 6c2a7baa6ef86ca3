mod login;
mod logout;
mod refresh;
mod register;
mod resend_verification;
mod theft;
mod verify_email;
