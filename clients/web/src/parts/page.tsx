import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

import { words } from "../words";

/** Names the page in the tab. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · ${words.product}`;
  }, [title]);
}

/** A page's heading, with what can be done on it. */
export function PageHead({ title, children }: { title: string; children?: ComponentChildren }) {
  useTitle(title);
  return (
    <header class="page-head">
      <h1>{title}</h1>
      {children && <div class="actions">{children}</div>}
    </header>
  );
}

/** The frame of pages for who is not signed in. */
export function Entrance({ title, children }: { title: string; children: ComponentChildren }) {
  useTitle(title);
  return (
    <main class="entrance">
      <p class="brand">
        <img src="/icon.svg" alt="" width="32" height="32" />
        {words.product}
      </p>
      <section class="card">
        <h1>{title}</h1>
        {children}
      </section>
      <p class="hint">{words.tagline}</p>
    </main>
  );
}
