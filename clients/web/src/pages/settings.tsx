import type { PageProps } from "../app";
import { PageHead } from "../parts/page";
import { words } from "../words";
import { Appearance } from "./settings/appearance";
import { YourData } from "./settings/your-data";
import { Digest, Profile } from "./settings/profile";
import { PasswordSection, TwoFactor } from "./settings/security";
import { Sessions } from "./settings/sessions";

export function Settings({ me }: PageProps) {
  return (
    <>
      <PageHead title={words.settings.title} />
      <div class="settings">
        <Profile me={me} />
        <Digest me={me} />
        <Appearance />
        <TwoFactor me={me} />
        <PasswordSection me={me} />
        <Sessions />
        <YourData me={me} />
      </div>
    </>
  );
}
