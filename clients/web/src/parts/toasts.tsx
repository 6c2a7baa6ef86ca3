/** Short messages at the foot of the page, some with a way back. */

import { useSyncExternalStore } from "preact/compat";

import { sentence } from "../errors";
import { words } from "../words";
import { Icon } from "./icon";

interface Toast {
  id: number;
  text: string;
  kind: "done" | "failed";
  action: { label: string; run: () => void } | undefined;
}

/** Milliseconds that a toast stays; failures stay until they are closed. */
const STAY = 6_000;

let toasts: readonly Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  listeners.forEach((listener) => listener());
}

export const dismiss = (id: number) => set(toasts.filter((toast) => toast.id !== id));

/** Shows a message; returns its id. */
export function toast(text: string, action?: Toast["action"], kind: Toast["kind"] = "done", stay = STAY): number {
  const id = (last += 1);
  set([...toasts.slice(-2), { id, text, kind, action }]);
  if (kind === "done") {
    setTimeout(() => dismiss(id), stay);
  }
  return id;
}

/** Says what went wrong. */
export const fail = (error: unknown) => void toast(sentence(error), undefined, "failed");

/** Deletions under way: what makes each of them final. */
const waiting = new Set<() => void>();

/**
 * Hides something at once and removes it when the message with its "Undo" is gone, or the page is left.
 *
 * @param hide Takes it out of sight; returns how to put it back.
 */
export function removeWithUndo(text: string, hide: () => () => void, remove: () => Promise<unknown>): void {
  const putBack = hide();
  const finish = () => {
    clearTimeout(timer);
    if (waiting.delete(finish)) {
      remove().catch((error: unknown) => {
        putBack();
        fail(error);
      });
    }
  };
  const timer = setTimeout(finish, STAY);
  waiting.add(finish);
  toast(text, {
    label: words.common.undo,
    run: () => {
      clearTimeout(timer);
      waiting.delete(finish);
      putBack();
    },
  });
}

/** Carries out what waits for its "Undo". */
export const finishRemovals = () => [...waiting].forEach((finish) => finish());

// Before the page is left, while requests still have time; `pagehide` is for browsers that do not fire the first.
addEventListener("beforeunload", finishRemovals);
addEventListener("pagehide", finishRemovals);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, kind, action }) => (
        <div key={id} class={`toast ${kind}`}>
          <span>{text}</span>
          {action && (
            <button
              type="button"
              class="link"
              onClick={() => {
                dismiss(id);
                action.run();
              }}
            >
              {action.label}
            </button>
          )}
          <button type="button" class="quiet small" aria-label={words.common.close} onClick={() => dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
