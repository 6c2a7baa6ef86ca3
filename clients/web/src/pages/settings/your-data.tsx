import { data } from "@spacedly/client";
import { useEffect, useState } from "preact/hooks";

import { cache, spacedly } from "../../api";
import { proof, useExport, type Export, type User } from "../../data/user";
import { sentence } from "../../errors";
import { Problem, Submit, useSubmit } from "../../parts/form";
import { setAskedForExport } from "../../preferences";
import { showBytes, showMoment } from "../../time";
import { words } from "../../words";
import { useToken } from "../verify-email";
import { Proof, useReauth } from "./proof";
import { Section } from "./section";

const said = words.settings;
const { api } = spacedly;

export function YourData({ me }: { me: User }) {
  return (
    <>
      <Section title={said.export} text={said.exportText}>
        <MailedExport />
        <CurrentExport />
        <AskForExport me={me} />
      </Section>
      <Deletion me={me} />
    </>
  );
}

function Download({ ready }: { ready: Export }) {
  if (!ready.url) return null;
  return (
    <p class="notice">
      {said.exportReady(showBytes(ready.size ?? 0), ready.expiresAt ? showMoment(ready.expiresAt) : "")}{" "}
      <a class="button" href={ready.url} rel="noopener">
        {said.exportDownload}
      </a>
    </p>
  );
}

/** The mail's link, `?export=…`: its token is exchanged once for the file's address. */
function MailedExport() {
  const token = useToken("export");
  const [state, setState] = useState<Export | string>();
  useEffect(() => {
    if (!token) return;
    setState(said.exportOpening);
    data(api.POST("/api/user/export/open", { body: { token } })).then(
      (found) => setState(found),
      (error: unknown) => setState(`${said.exportLinkDead} ${sentence(error)}`),
    );
  }, []);
  if (!state) return null;
  return typeof state === "string" ? (
    <p class="notice" role="status">
      {state}
    </p>
  ) : (
    <Download ready={state} />
  );
}

function CurrentExport() {
  const { data: current } = useExport();
  if (!current) return null;
  return current.status === "pending" ? (
    <p class="notice" role="status">
      {said.exportStarted}
    </p>
  ) : (
    <Download ready={current} />
  );
}

function AskForExport({ me }: { me: User }) {
  const reauth = useReauth();
  const form = useSubmit(async ({ password = "" }, element) => {
    const started = await reauth.watch(data(api.POST("/api/user/export", { body: proof(password) })));
    cache.setQueryData(["export"], started);
    setAskedForExport(true);
    element.reset();
  });
  return (
    <form name="export" onSubmit={form.onSubmit} noValidate>
      <Problem>{form.problem}</Problem>
      <Proof me={me} error={form.errors["password"]} />
      <div class="actions start">
        <Submit busy={form.busy}>{said.exportStart}</Submit>
        {reauth.button}
      </div>
    </form>
  );
}

function Deletion({ me }: { me: User }) {
  const [isSure, setSure] = useState(false);
  const reauth = useReauth();
  const form = useSubmit(async ({ password = "" }) => {
    await reauth.watch(data(api.DELETE("/api/user/me", { body: proof(password) })));
    // The account is gone; this only forgets it in this browser and its other tabs.
    await spacedly.logout().catch(() => undefined);
    cache.clear();
    location.assign("/login?reason=deleted");
  });
  return (
    <Section title={said.deletion} text={said.deletionText}>
      <form onSubmit={form.onSubmit} noValidate>
        <Problem>{form.problem}</Problem>
        <Proof me={me} error={form.errors["password"]} />
        <label class="check">
          <input type="checkbox" checked={isSure} onChange={(event) => setSure(event.currentTarget.checked)} />
          {said.deletionConfirm}
        </label>
        <div class="actions start">
          <button type="submit" class="danger" disabled={!isSure || form.busy}>
            {said.deletionButton}
          </button>
          {reauth.button}
        </div>
      </form>
    </Section>
  );
}
