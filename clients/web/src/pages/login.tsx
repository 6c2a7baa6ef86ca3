import { useLocation } from "preact-iso";

import { apiUrl, cache, spacedly } from "../api";
import { keepChallenge } from "../challenge";
import { Input, Password, Problem, Submit, useSubmit } from "../parts/form";
import { Entrance } from "../parts/page";
import { words } from "../words";

const said = words.auth;

/** Where to go after signing in: a path of this app, never another site's address. */
export function nextPath(next: string | undefined): string {
  return next && /^\/(?![/\\])/.test(next) ? next : "/dashboard";
}

function notice({ reason, error, email }: Record<string, string>): string | undefined {
  if (error) return said.googleFailed;
  if (reason === "ended") return said.ended;
  if (reason === "out") return said.signedOut;
  if (reason === "reset") return said.resetDone;
  if (reason === "deleted") return words.settings.deleted;
  if (reason === "registered" && email) return said.registered(email);
  return undefined;
}

export function Login() {
  const { query, route } = useLocation();
  const form = useSubmit(async ({ email = "", password = "", remember }) => {
    const answer = await spacedly.login(email, password, { rememberMe: remember === "on" });
    if ("requiresOtp" in answer) {
      keepChallenge({ id: answer.challengeId, email });
      route(`/verify-otp?${new URLSearchParams({ next: nextPath(query["next"]) })}`);
      return;
    }
    cache.clear();
    route(nextPath(query["next"]), true);
  });
  const text = notice(query);
  return (
    <Entrance title={said.signInTitle}>
      {text && (
        <p class={`notice ${query["error"] ? "failed" : ""}`} role="status">
          {text}
        </p>
      )}
      <form onSubmit={form.onSubmit} noValidate>
        <Problem>{form.problem}</Problem>
        <Input label={said.email} name="email" type="email" autocomplete="username" defaultValue={query["email"]} error={form.errors["email"]} required />
        <Password label={said.password} name="password" autocomplete="current-password" error={form.errors["password"]} required />
        <label class="check">
          <input type="checkbox" name="remember" />
          {said.remember}
        </label>
        <Submit busy={form.busy}>{said.signIn}</Submit>
      </form>
      <p class="divider">{said.or}</p>
      <a class="button" target="_top" href={`${apiUrl}/api/auth/google`}>
        {said.google}
      </a>
      <p class="links">
        <a href="/reset-password">{said.forgot}</a>
        <span>
          {said.noAccount} <a href="/register">{said.register}</a>
        </span>
      </p>
    </Entrance>
  );
}
