/** What this browser remembers for its user: theme, shortcuts, a zone that is kept, whether there may be an export. */

import { useSyncExternalStore } from "preact/compat";

export type Theme = "system" | "light" | "dark";

const THEME = "spacedly.theme";
const SHORTCUTS = "spacedly.shortcuts";
const listeners = new Set<() => void>();

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Storage is closed to this page: the choice lasts until a reload.
  }
  listeners.forEach((listener) => listener());
}

function theme(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

export function setTheme(chosen: Theme): void {
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
  write(THEME, chosen === "system" ? undefined : chosen);
}

export const shortcutsAreOn = () => read(SHORTCUTS) !== "off";
export const setShortcuts = (on: boolean) => write(SHORTCUTS, on ? undefined : "off");

const ZONE = "spacedly.zone";
let kept = read(ZONE);

const zonePair = (account: string, browser: string) => `${account} ${browser}`;

/** Remembers that the user keeps the account's zone although this browser is in another one. */
export function keepZone(account: string, browser: string): void {
  kept = zonePair(account, browser);
  write(ZONE, kept);
}

const EXPORT = "spacedly.export";

/** Whether an export was asked for in this browser: only then it is worth asking the API for one. */
export const hasAskedForExport = () => read(EXPORT) !== null;
export const setAskedForExport = (has: boolean) => write(EXPORT, has ? "asked" : undefined);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useTheme = () => useSyncExternalStore(subscribe, theme);
export const useShortcuts = () => useSyncExternalStore(subscribe, shortcutsAreOn);
export const useKeepsZone = (account: string, browser: string) => useSyncExternalStore(subscribe, () => kept === zonePair(account, browser));
export const useHasAskedForExport = () => useSyncExternalStore(subscribe, hasAskedForExport);
