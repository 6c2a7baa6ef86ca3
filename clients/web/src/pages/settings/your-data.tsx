import { data, hasCode } from "@spacedly/client";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

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
        <Exports />
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

interface MailedExport {
  opened?: Export;
  error?: unknown;
}

/** The mail's link, `?export=…`: its token is exchanged once for the file's address. Undefined without a link. */
function useMailedExport(): MailedExport | undefined {
  const token = useToken("export");
  const [mailed, setMailed] = useState<MailedExport | undefined>(token ? {} : undefined);
  useEffect(() => {
    if (!token) return;
    data(api.POST("/api/user/export/open", { body: { token } })).then(
      (opened) => setMailed({ opened }),
      (error: unknown) => setMailed({ error }),
    );
  }, []);
  return mailed;
}

function Exports() {
  const mailed = useMailedExport();
  const { data: current } = useExport();
  const element = useRef<HTMLDivElement>(null);
  // The link of the mail leads to what it opens, far down the page.
  useLayoutEffect(() => {
    if (!mailed) return;
    element.current?.focus({ preventScroll: true });
    element.current?.scrollIntoView({ block: "center" });
  }, [mailed]);
  const isReady = current?.status === "ready";
  return (
    <div class="exports" ref={element} tabIndex={-1}>
      {mailed && !mailed.opened && !mailed.error && (
        <p class="notice" role="status">
          {said.exportOpening}
        </p>
      )}
      {mailed?.opened && <Download ready={mailed.opened} />}
      <Problem>{mailed?.error ? problemOf(mailed.error, isReady) : undefined}</Problem>
      {current?.status === "pending" && (
        <p class="notice" role="status">
          {said.exportStarted}
        </p>
      )}
      {isReady && !mailed?.opened && <Download ready={current} />}
    </div>
  );
}

function problemOf(error: unknown, hasExport: boolean): string {
  if (!hasCode(error, "INVALID_TOKEN")) return sentence(error);
  return hasExport ? said.exportLinkUsed : said.exportLinkDead;
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
