import { ApiError, data, hasCode } from "@spacedly/client";
import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";

import { cache, spacedly } from "../api";
import { forgetChallenge, keepChallenge, keptChallenge } from "../challenge";
import { Input, Problem, Submit, useSubmit } from "../parts/form";
import { Entrance } from "../parts/page";
import { words } from "../words";
import { nextPath } from "./login";

const said = words.auth;

/** Whether there is no sign-in that waits for a code. */
const isOfChallenge = (error: unknown) => hasCode(error, "INVALID_CHALLENGE") || (error instanceof ApiError && error.field("challengeId") !== undefined);

export function VerifyOtp() {
  const { query, route } = useLocation();
  const [told, setTold] = useState<string>();
  const challenge = keptChallenge();
  const form = useSubmit(async ({ otp = "" }) => {
    setTold(undefined);
    // After a sign-in with Google the API's cookie names the challenge, and the address is not needed.
    try {
      await spacedly.verifyOtp(challenge?.email ?? "", challenge?.id ?? "", otp.trim());
    } catch (error) {
      if (!isOfChallenge(error)) throw error;
      setGone(true);
      return;
    }
    forgetChallenge();
    cache.clear();
    route(nextPath(query["next"]), true);
  });
  const [isGone, setGone] = useState(false);
  const resend = async () => {
    form.fail(undefined);
    setTold(undefined);
    try {
      const body = { challengeId: challenge?.id ?? "" };
      const answer = await data(spacedly.api.POST("/api/auth/resend-otp", { body }));
      if (challenge) keepChallenge({ ...challenge, id: answer.challengeId });
      setTold(said.resent);
    } catch (error) {
      if (isOfChallenge(error)) setGone(true);
      else form.fail(error);
    }
  };
  if (isGone) {
    return (
      <Entrance title={said.otpTitle}>
        <Problem>{words.errors.codes.INVALID_CHALLENGE}</Problem>
        <a class="button primary" href="/login">
          {said.restart}
        </a>
      </Entrance>
    );
  }
  return (
    <Entrance title={said.otpTitle}>
      <p>{challenge ? said.otpSent(challenge.email) : said.otpSentToYou}</p>
      <form onSubmit={form.onSubmit} noValidate>
        <Problem>{form.problem}</Problem>
        <Input label={said.code} name="otp" inputMode="numeric" autocomplete="one-time-code" pattern="[0-9]*" maxLength={6} class="code" error={form.errors["otp"]} required />
        <Submit busy={form.busy}>{said.verify}</Submit>
      </form>
      <p role="status">{told}</p>
      <p class="links">
        <button type="button" class="link" onClick={() => void resend()}>
          {said.resend}
        </button>
        <a href="/login">{said.restart}</a>
      </p>
    </Entrance>
  );
}
