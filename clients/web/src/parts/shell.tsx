/** What surrounds every page of who is signed in: navigation, the state of the connection, shortcuts. */

import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { apiUrl, cache, spacedly } from "../api";
import { useUnread } from "../data/notifications";
import type { User } from "../data/user";
import { shortcutsAreOn } from "../preferences";
import { browserZone, sameZone, setSkew } from "../time";
import { words } from "../words";
import { Dialog } from "./dialog";
import { Icon, type IconName } from "./icon";
import { TaskDialog } from "./task-dialog";
import { fail, finishWaiting } from "./toasts";

const PAGES = ["dashboard", "tasks", "reminders", "calendar", "notifications", "analytics", "settings"] as const;
/** In the bar at the foot of narrow screens; the rest is behind "More". */
const MAIN = ["dashboard", "tasks", "calendar", "notifications"] as const;

export function Shell({ me, children }: { me: User; children: ComponentChildren }) {
  const { query, path } = useLocation();
  const [open, setOpen] = useState<"help" | "more" | undefined>();
  const { openTask, closeTask } = useTaskAddress();
  const main = useRef<HTMLElement>(null);
  useShortcuts({ help: () => setOpen("help") });
  useLayoutEffect(() => setOpen(undefined), [path]);
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        {words.skip}
      </a>
      <nav class="side" aria-label={words.nav.label}>
        <a class="brand" href="/dashboard">
          <img src="/icon.svg" alt="" width="28" height="28" />
          {words.product}
        </a>
        <button type="button" class="primary" onClick={() => openTask("new")}>
          <Icon name="plus" />
          {words.tasks.add}
        </button>
        <Links pages={PAGES} />
        <button type="button" class="nav" onClick={() => setOpen("help")}>
          <Icon name="keyboard" />
          {words.nav.help}
        </button>
        <button type="button" class="nav" onClick={signOut}>
          <Icon name="out" />
          {words.nav.signOut}
        </button>
        <ZoneNote me={me} />
      </nav>
      <div class="stage">
        <Connection />
        <main id="main" ref={main} tabIndex={-1}>
          {children}
        </main>
      </div>
      <nav class="foot" aria-label={words.nav.label}>
        <Links pages={MAIN} short />
        <button type="button" class="nav" aria-haspopup="dialog" onClick={() => setOpen("more")}>
          <Icon name="menu" />
          {words.nav.more}
        </button>
      </nav>
      {open === "help" && <Help onClose={() => setOpen(undefined)} />}
      {open === "more" && (
        <Dialog title={words.product} onClose={() => setOpen(undefined)}>
          <div class="menu">
            <button type="button" class="primary" onClick={() => (setOpen(undefined), openTask("new"))}>
              <Icon name="plus" />
              {words.tasks.add}
            </button>
            <Links pages={PAGES} />
            <button type="button" class="nav" onClick={signOut}>
              <Icon name="out" />
              {words.nav.signOut}
            </button>
            <ZoneNote me={me} />
          </div>
        </Dialog>
      )}
      {query["task"] && <TaskDialog key={query["task"]} id={query["task"]} day={query["on"]} onClose={closeTask} />}
    </div>
  );
}

function ZoneNote({ me }: { me: User }) {
  return sameZone(me.timezone, browserZone) ? null : <p class="hint zone">{words.settings.zoneNote(me.timezone)}</p>;
}

/** Which task is open is part of the address: links lead to it, and "back" closes it. */
export function useTaskAddress() {
  const { route, path } = useLocation();
  const address = (changes: Record<string, string | undefined>) => {
    const query = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) query.delete(name);
      else query.set(name, value);
    }
    return query.size ? `${path}?${query}` : path;
  };
  return {
    openTask: (id: string, on?: string) => route(address({ task: id, on })),
    closeTask: () => route(address({ task: undefined, on: undefined })),
    taskHref: (id: string) => address({ task: id }),
  };
}

function Links({ pages, short }: { pages: readonly (typeof PAGES)[number][]; short?: boolean }) {
  const { path } = useLocation();
  return (
    <>
      {pages.map((page) => (
        <a key={page} class="nav" href={`/${page}`} aria-current={path === `/${page}` ? "page" : undefined}>
          <Icon name={page satisfies IconName} />
          {(short && words.nav.short[page]) || words.nav[page]}
          {page === "notifications" && <Unread />}
        </a>
      ))}
    </>
  );
}

function Unread() {
  const { data: count } = useUnread();
  if (!count) return null;
  return (
    <span class="badge">
      <span aria-hidden="true">{count > 99 ? "99+" : count}</span>
      <span class="hidden">, {words.nav.unread(count)}</span>
    </span>
  );
}

async function signOut(): Promise<void> {
  try {
    await finishWaiting();
    await spacedly.logout();
    cache.clear();
    location.assign("/login?reason=out");
  } catch (error) {
    fail(error);
  }
}

/** Tells honestly when nothing can be saved, and when this device's clock is wrong. */
function Connection() {
  const [online, setOnline] = useState(navigator.onLine);
  const [minutes, setMinutes] = useState(0);
  useEffect(() => {
    const update = () => setOnline(navigator.onLine);
    addEventListener("online", update);
    addEventListener("offline", update);
    return () => {
      removeEventListener("online", update);
      removeEventListener("offline", update);
    };
  }, []);
  useEffect(() => void clockSkew().then((skew) => (setSkew(skew), setMinutes(Math.round(skew / 60_000)))), []);
  return (
    <div role="status">
      {!online && <p class="banner">{words.connection.offline}</p>}
      {Math.abs(minutes) >= 3 && <p class="banner">{words.connection.clock(minutes)}</p>}
    </div>
  );
}

/** How far the server's clock is ahead, in ms; 0 where it cannot be asked. Asked once a page. */
let asked: Promise<number> | undefined;
function clockSkew(): Promise<number> {
  asked ??= fetch(`${apiUrl}/health`)
    .then(async (answer) => {
      const { timestamp } = (await answer.json()) as { timestamp: string };
      return Date.parse(timestamp) - Date.now();
    })
    .then((skew) => (Number.isFinite(skew) && Math.abs(skew) > 10_000 ? skew : 0))
    .catch(() => 0);
  return asked;
}

function useShortcuts({ help }: { help: () => void }): void {
  const { route, path } = useLocation();
  const { openTask } = useTaskAddress();
  // Before the next key can arrive.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { target } = event;
      const types = target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
      if (types || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      if (!shortcutsAreOn()) return;
      if (event.key === "n") openTask("new");
      else if (event.key === "?") help();
      else if (event.key === "/") {
        const search = document.querySelector<HTMLInputElement>("input[type=search]");
        if (search) search.focus();
        else route("/tasks?focus=search");
      } else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [path]);
}

function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={words.help.title} onClose={onClose}>
      <dl class="keys">
        {words.help.keys.map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">{words.help.off}</p>
    </Dialog>
  );
}
