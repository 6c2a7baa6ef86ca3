import { data, hasCode } from "@spacedly/client";
import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";

import { spacedly } from "../api";
import { Input, Password, Problem, Submit, useSubmit } from "../parts/form";
import { Entrance } from "../parts/page";
import { words } from "../words";
import { useToken } from "./verify-email";

const said = words.auth;

export function ResetPassword() {
  const token = useToken("token");
  const [asksAgain, setAsksAgain] = useState(false);
  return token && !asksAgain ? <Choose token={token} again={() => setAsksAgain(true)} /> : <Ask />;
}

function Ask() {
  const [sentTo, setSentTo] = useState<string>();
  const form = useSubmit(async ({ email = "" }) => {
    await data(spacedly.api.POST("/api/auth/forgot-password", { body: { email } }));
    setSentTo(email);
  });
  return (
    <Entrance title={said.forgotTitle}>
      <p role="status">{sentTo ? said.linkSent(sentTo) : said.forgotText}</p>
      {!sentTo && (
        <form onSubmit={form.onSubmit} noValidate>
          <Problem>{form.problem}</Problem>
          <Input label={said.email} name="email" type="email" autocomplete="email" error={form.errors["email"]} required />
          <Submit busy={form.busy}>{said.sendLink}</Submit>
        </form>
      )}
      <p class="links">
        <a href="/login">{said.restart}</a>
      </p>
    </Entrance>
  );
}

function Choose({ token, again }: { token: string; again: () => void }) {
  const { route } = useLocation();
  const [isDead, setDead] = useState(false);
  const form = useSubmit(async ({ password = "" }) => {
    try {
      await data(spacedly.api.POST("/api/auth/reset-password", { body: { token, password } }));
    } catch (error) {
      setDead(hasCode(error, "INVALID_RESET_TOKEN", "RESET_TOKEN_EXPIRED"));
      throw error;
    }
    route("/login?reason=reset", true);
  });
  return (
    <Entrance title={said.resetTitle}>
      <form onSubmit={form.onSubmit} noValidate>
        <Problem>{form.problem}</Problem>
        {isDead ? (
          <button type="button" class="primary" onClick={again}>
            {said.anotherLink}
          </button>
        ) : (
          <>
            <Password label={said.newPassword} name="password" autocomplete="new-password" hint={said.passwordHint} error={form.errors["password"]} required />
            <Submit busy={form.busy}>{said.setPassword}</Submit>
          </>
        )}
      </form>
    </Entrance>
  );
}
