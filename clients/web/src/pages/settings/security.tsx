import { data } from "@spacedly/client";

import { cache, spacedly } from "../../api";
import { keepMe, proof, type User } from "../../data/user";
import { Password, Problem, Submit, useSubmit } from "../../parts/form";
import { toast } from "../../parts/toasts";
import { words } from "../../words";
import { Proof, useReauth } from "./proof";
import { Section } from "./section";

const said = words.settings;
const { api } = spacedly;

export function TwoFactor({ me }: { me: User }) {
  const isOn = me.is_two_factor_enabled;
  const reauth = useReauth();
  const form = useSubmit(async ({ password = "", others }, element) => {
    const body = { is_Enabled: !isOn, endOtherSessions: others === "on", ...(isOn && proof(password)) };
    const { user } = await reauth.watch(data(api.POST("/api/user/enabled-2fa", { body })));
    keepMe(user);
    void cache.invalidateQueries({ queryKey: ["sessions"] });
    element.reset();
    toast(isOn ? said.twoFactorOff : said.twoFactorOn);
  });
  return (
    <Section title={said.twoFactor} text={said.twoFactorText}>
      <form onSubmit={form.onSubmit} noValidate>
        <p>
          <span class={`chip ${isOn ? "completed" : ""}`}>{isOn ? said.twoFactorOn : said.twoFactorOff}</span>
        </p>
        <Problem>{form.problem}</Problem>
        {isOn && <Proof me={me} error={form.errors["password"]} />}
        <label class="check">
          <input type="checkbox" name="others" />
          {said.endOthers}
        </label>
        <div class="actions start">
          <Submit busy={form.busy}>{isOn ? said.turnOff : said.turnOn}</Submit>
          {reauth.button}
        </div>
      </form>
    </Section>
  );
}

export function PasswordSection({ me }: { me: User }) {
  return me.has_password ? <ChangePassword /> : <SetPassword />;
}

function ChangePassword() {
  const form = useSubmit(async ({ currentPassword = "", newPassword = "" }, element) => {
    await data(api.POST("/api/user/change-password", { body: { currentPassword, newPassword } }));
    void cache.invalidateQueries({ queryKey: ["sessions"] });
    element.reset();
    toast(said.passwordChanged);
  });
  return (
    <Section title={said.password}>
      <form onSubmit={form.onSubmit} noValidate>
        <Problem>{form.problem}</Problem>
        <Password label={said.currentPassword} name="currentPassword" autocomplete="current-password" error={form.errors["currentPassword"]} required />
        <Password label={said.newPassword} name="newPassword" autocomplete="new-password" hint={words.auth.passwordHint} error={form.errors["newPassword"]} required />
        <Submit busy={form.busy}>{said.changePassword}</Submit>
      </form>
    </Section>
  );
}

function SetPassword() {
  const reauth = useReauth();
  const form = useSubmit(async ({ password = "" }) => {
    await reauth.watch(data(api.POST("/api/user/set-password", { body: { password } })));
    await cache.invalidateQueries({ queryKey: ["me"] });
    toast(said.passwordSet);
  });
  return (
    <Section title={said.setPassword} text={said.setPasswordText}>
      <form onSubmit={form.onSubmit} noValidate>
        <Problem>{form.problem}</Problem>
        <Password label={said.newPassword} name="password" autocomplete="new-password" hint={words.auth.passwordHint} error={form.errors["password"]} required />
        <div class="actions start">
          <Submit busy={form.busy}>{said.setPassword}</Submit>
          {reauth.button}
        </div>
      </form>
    </Section>
  );
}
