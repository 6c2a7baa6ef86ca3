import { data, hasCode } from "@spacedly/client";
import { useLocation } from "preact-iso";
import { useEffect, useState } from "preact/hooks";

import { cache, spacedly } from "../api";
import { sentence } from "../errors";
import { Password, Problem, Submit, useSubmit } from "../parts/form";
import { Entrance } from "../parts/page";
import { words } from "../words";

const said = words.auth;

/** The token of the mail's link; it leaves the address bar, and so the history, at once. */
function useToken(name: string): string | undefined {
  const { query } = useLocation();
  const [token] = useState(query[name]);
  useEffect(() => {
    if (token) history.replaceState(null, "", location.pathname);
  }, []);
  return token;
}

export { useToken };

export function VerifyEmail() {
  const token = useToken("token");
  const [state, setState] = useState<"asking" | "password" | "done" | "failed">(token ? "asking" : "failed");
  const [problem, setProblem] = useState(token ? undefined : said.verifyNoToken);
  const verify = async (password?: string) => {
    await data(spacedly.api.POST("/api/auth/verify-email", { body: { token: token ?? "", ...(password && { password }) } }));
    await cache.invalidateQueries({ queryKey: ["me"] });
    setState("done");
  };
  const form = useSubmit(({ password = "" }) => verify(password));
  useEffect(() => {
    if (!token) return;
    // Who is signed in needs no password; nobody is asked twice.
    if (!spacedly.isProbablySignedIn()) {
      setState("password");
      return;
    }
    verify().catch((error: unknown) => {
      if (hasCode(error, "SIGN_IN_TO_VERIFY", "UNAUTHORIZED")) setState("password");
      else (setState("failed"), setProblem(sentence(error)));
    });
  }, []);
  return (
    <Entrance title={said.verifyTitle}>
      {state === "asking" && <p role="status">{said.verifying}</p>}
      {state === "done" && <p role="status">{said.verified}</p>}
      {state === "failed" && <Problem>{problem}</Problem>}
      {state === "password" && (
        <form onSubmit={form.onSubmit} noValidate>
          <p>{said.verifyNeedsPassword}</p>
          <Problem>{form.problem}</Problem>
          <Password label={said.password} name="password" autocomplete="current-password" error={form.errors["password"]} required />
          <Submit busy={form.busy}>{said.confirm}</Submit>
        </form>
      )}
      {state !== "asking" && state !== "password" && (
        <a class="button primary" href="/dashboard">
          {words.common.home}
        </a>
      )}
    </Entrance>
  );
}
