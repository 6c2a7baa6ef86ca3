import { data } from "@spacedly/client";

import { spacedly } from "../../api";
import { changeMe, useAction, type User } from "../../data/user";
import { Input, Problem, Select, Submit, useSubmit } from "../../parts/form";
import { fail, toast } from "../../parts/toasts";
import { keepZone } from "../../preferences";
import { browserZone, sameZone, zones } from "../../time";
import { words } from "../../words";
import { Section } from "./section";

const said = words.settings;

export function Profile({ me }: { me: User }) {
  const resend = useAction(
    () => data(spacedly.api.POST("/api/auth/resend-verification")),
    () => toast(said.verificationSent),
  );
  const form = useSubmit(async ({ name = "", timezone = "" }) => {
    if (timezone !== me.timezone) keepZone(timezone, browserZone);
    await changeMe({ ...(name !== me.name && { name }), ...(timezone !== me.timezone && { timezone }) });
    toast(said.saved);
  });
  return (
    <Section title={said.profile}>
      <dl class="facts">
        <dt>{said.email}</dt>
        <dd>
          {me.email} <span class={`chip ${me.email_verified ? "completed" : "high"}`}>{me.email_verified ? said.verified : said.notVerified}</span>
          {me.auth_provider === "google" && <span class="chip">{said.google}</span>}
        </dd>
      </dl>
      {!me.email_verified && (
        <button type="button" disabled={resend.isPending} onClick={() => resend.mutate(undefined, { onError: fail })}>
          {said.resendVerification}
        </button>
      )}
      <form onSubmit={form.onSubmit} noValidate>
        <Problem>{form.problem}</Problem>
        <Input label={said.name} name="name" defaultValue={me.name} autocomplete="name" error={form.errors["name"]} maxLength={255} dir="auto" required />
        <Select label={said.zone} name="timezone" value={me.timezone} options={zones(me.timezone)} hint={said.zoneHint} error={form.errors["timezone"]} />
        {!sameZone(me.timezone, browserZone) && (
          <p class="hint">
            {said.zoneDiffers(browserZone)}{" "}
            <button type="button" class="link" onClick={() => void changeMe({ timezone: browserZone }).then(() => toast(said.saved), fail)}>
              {said.zoneUse}
            </button>
          </p>
        )}
        <Submit busy={form.busy}>{words.common.save}</Submit>
      </form>
    </Section>
  );
}

export function Digest({ me }: { me: User }) {
  const { enabled, time } = me.morning_digest;
  const form = useSubmit(async (fields) => {
    const wanted = { enabled: fields["enabled"] === "on", ...(fields["time"] && { time: fields["time"] }) };
    await changeMe({ morning_digest: wanted });
    toast(said.saved);
  });
  return (
    <Section title={said.digest}>
      <form onSubmit={form.onSubmit} noValidate>
        <Problem>{form.problem ?? form.errors["morning_digest"]}</Problem>
        <label class="check">
          <input type="checkbox" name="enabled" defaultChecked={enabled} />
          {said.digestOn}
        </label>
        <Input label={said.digestTime} name="time" type="time" defaultValue={time} error={form.errors["morning_digest.time"]} />
        <Submit busy={form.busy}>{words.common.save}</Submit>
      </form>
    </Section>
  );
}
