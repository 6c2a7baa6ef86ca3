import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export function Section({ title, text, children }: { title: string; text?: string; children: ComponentChildren }) {
  const id = useId();
  return (
    <section class="card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {text && <p class="faint">{text}</p>}
      {children}
    </section>
  );
}
