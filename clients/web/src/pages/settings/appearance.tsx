import { Select } from "../../parts/form";
import { setShortcuts, setTheme, useShortcuts, useTheme, type Theme } from "../../preferences";
import { words } from "../../words";
import { Section } from "./section";

const said = words.settings;

export function Appearance() {
  const theme = useTheme();
  const shortcuts = useShortcuts();
  return (
    <Section title={said.appearance}>
      <Select label={said.theme} name="theme" value={theme} options={Object.entries(said.themes)} onChange={(chosen) => setTheme(chosen as Theme)} />
      <label class="check">
        <input type="checkbox" checked={shortcuts} onChange={(event) => setShortcuts(event.currentTarget.checked)} />
        {said.shortcuts}
      </label>
    </Section>
  );
}
