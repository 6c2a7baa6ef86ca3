import { hasCode } from "@spacedly/client";
import { useState } from "preact/hooks";

import { spacedly } from "../../api";
import type { User } from "../../data/user";
import { Password } from "../../parts/form";
import { fail } from "../../parts/toasts";
import { words } from "../../words";

const said = words.settings;

/** The password, where the account has one; accounts without one prove themselves by a recent sign-in. */
export function Proof({ me, error }: { me: User; error?: string | undefined }) {
  if (!me.has_password) return <p class="hint">{said.proofGoogle}</p>;
  return <Password label={said.proof} name="password" autocomplete="current-password" error={error} />;
}

/** Offers to sign in again where a recent sign-in is asked for. */
export function useReauth() {
  const [needed, setNeeded] = useState(false);
  const watch = async <T,>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      setNeeded(hasCode(error, "REAUTH_REQUIRED"));
      throw error;
    }
  };
  const again = () =>
    void spacedly.logout().then(() => location.assign("/login?next=%2Fsettings"), fail);
  const button = needed ? (
    <button type="button" onClick={again}>
      {said.signInAgain}
    </button>
  ) : null;
  return { watch, button };
}
