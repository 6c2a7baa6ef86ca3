import { data, hasCode } from "@spacedly/client";
import { useLocation } from "preact-iso";
import { useEffect, useState } from "preact/hooks";

import { cache, spacedly } from "../api";
import { fetchMe } from "../data/user";
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
  const [state, setState] = useState<"asking" | "password" | "done" | "already" | "failed">(token ? "asking" : "failed");
  const [problem, setProblem] = useState(token ? undefined : said.verifyNoToken);
  const verify = async (password?: string) => {
    await data(spacedly.api.POST("/api/auth/verify-email", { body: { token: token ?? "", ...(password && { password }) } }));
    await cache.invalidateQueries({ queryKey: ["me"] });
    setState("done");
  };
  const fail = (error: unknown) => (setState("failed"), setProblem(sentence(error)));
  const form = useSubmit(({ password = "" }) =>
    verify(password).catch((error: unknown) => {
      if (!hasCode(error, "INVALID_TOKEN")) throw error;
      fail(error);
    }),
  );
  /** A link that was used already is no failure for its owner. */
  const isVerified = async (error: unknown) => hasCode(error, "INVALID_TOKEN") && (await fetchMe().catch(() => undefined))?.email_verified;
  useEffect(() => {
    if (!token) return;
    // Who is signed in needs no password; nobody is asked twice.
    if (!spacedly.isProbablySignedIn()) {
      setState("password");
      return;
    }
    verify().catch(async (error: unknown) => {
      if (hasCode(error, "SIGN_IN_TO_VERIFY", "UNAUTHORIZED")) setState("password");
      else if (await isVerified(error)) setState("already");
      else fail(error);
    });
  }, []);
  const needsSignIn = state === "failed" && !spacedly.isProbablySignedIn();
  return (
    <Entrance title={said.verifyTitle}>
      {state === "asking" && <p role="status">{said.verifying}</p>}
      {state === "done" && <p role="status">{said.verified}</p>}
      {state === "already" && <p role="status">{said.verifiedAlready}</p>}
      {state === "failed" && <Problem>{problem}</Problem>}
      {state === "password" && (
        <form onSubmit={form.onSubmit} noValidate>
          <p>{said.verifyNeedsPassword}</p>
          <Problem>{form.problem}</Problem>
          <Password label={said.password} name="password" autocomplete="current-password" error={form.errors["password"]} required />
          <Submit busy={form.busy}>{said.confirm}</Submit>
        </form>
      )}
      {state !== "asking" && state !== "password" && (needsSignIn ? <Way href="/login?next=%2Fsettings">{said.signIn}</Way> : <Way href="/dashboard">{words.common.home}</Way>)}
    </Entrance>
  );
}

function Way({ href, children }: { href: string; children: string }) {
  return (
    <a class="button primary" href={href}>
      {children}
    </a>
  );
}
