import { data } from "@spacedly/client";
import { useLocation } from "preact-iso";
import { useRef } from "preact/hooks";

import { spacedly } from "../api";
import { Input, Password, Problem, Submit, useSubmit } from "../parts/form";
import { Entrance } from "../parts/page";
import { words } from "../words";

const said = words.auth;

export function Register() {
  const { route } = useLocation();
  const key = useRef({ body: "", value: "" });
  const form = useSubmit(async ({ name = "", email = "", password = "" }) => {
    const body = { name, email, password };
    // A repeated try of the same form creates no second account; another form is another request.
    const text = JSON.stringify(body);
    if (key.current.body !== text) key.current = { body: text, value: crypto.randomUUID() };
    const params = { header: { "Idempotency-Key": key.current.value } };
    const { user } = await data(spacedly.api.POST("/api/auth/register", { params, body }));
    route(`/login?${new URLSearchParams({ reason: "registered", email: user.email })}`);
  });
  return (
    <Entrance title={said.registerTitle}>
      <form onSubmit={form.onSubmit} noValidate>
        <Problem>{form.problem}</Problem>
        <Input label={said.name} name="name" autocomplete="name" error={form.errors["name"]} required />
        <Input label={said.email} name="email" type="email" autocomplete="email" error={form.errors["email"]} required />
        <Password label={said.password} name="password" autocomplete="new-password" hint={said.passwordHint} error={form.errors["password"]} required />
        <Submit busy={form.busy}>{said.register}</Submit>
      </form>
      <p class="links">
        <span>
          {said.hasAccount} <a href="/login">{said.signIn}</a>
        </span>
      </p>
    </Entrance>
  );
}
