import type { ComponentChildren, TargetedMouseEvent } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

import { words } from "../words";
import { Icon } from "./icon";
import { Toasts } from "./toasts";

interface Props {
  title: string;
  onClose: () => void;
  wide?: boolean;
  children: ComponentChildren;
}

/** Marks a form, or another element, that holds what is not saved yet. */
export const UNSAVED = { "data-unsaved": "" };

/**
 * A modal dialog: the browser's own, which keeps the focus inside and gives it back. While one of its forms holds unsaved
 * text, it ignores clicks beside it and asks before it closes.
 */
export function Dialog({ title, onClose, wide, children }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const [isAsking, setAsking] = useState(false);
  useLayoutEffect(() => {
    const dialog = element.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  const isUnsaved = () => Boolean(element.current?.querySelector("[data-unsaved]"));
  const close = () => (isUnsaved() ? setAsking(true) : onClose());
  return (
    <dialog
      ref={element}
      class={wide ? "wide" : ""}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || event.isComposing) return;
        // Without this, a second Esc would close the dialog without an event that can be canceled.
        event.preventDefault();
        event.stopPropagation();
        close();
      }}
      onInput={({ target }) => {
        if (target instanceof HTMLElement) target.closest("form")?.setAttribute("data-unsaved", "");
      }}
      onMouseDown={(event) => {
        if (event.target !== element.current || !isBeside(event)) return;
        // The focus stays where text is being typed.
        if (isUnsaved()) event.preventDefault();
        else onClose();
      }}
    >
      <div class="dialog">
        <header>
          <h2 id={heading}>{title}</h2>
          <button type="button" class="quiet" aria-label={words.common.close} onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
      {isAsking && <Discard onDiscard={onClose} onKeep={() => setAsking(false)} />}
      <Toasts />
    </dialog>
  );
}

/** Whether a click is beside the dialog that it reaches; one on its scrollbar is not. */
function isBeside({ currentTarget, clientX, clientY }: TargetedMouseEvent<HTMLElement>): boolean {
  const { left, right, top, bottom } = currentTarget.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}

function Discard({ onDiscard, onKeep }: { onDiscard: () => void; onKeep: () => void }) {
  return (
    <Dialog title={words.common.discardTitle} onClose={onKeep}>
      <p>{words.common.discardText}</p>
      <footer class="actions">
        <button type="button" class="danger" onClick={onDiscard}>
          {words.common.discard}
        </button>
        <button type="button" class="primary" autofocus onClick={onKeep}>
          {words.common.keepEditing}
        </button>
      </footer>
    </Dialog>
  );
}
