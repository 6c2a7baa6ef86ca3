/** Short messages at the foot of the page, some with a way back. */

import { useSyncExternalStore } from "preact/compat";
import { useLayoutEffect, useState } from "preact/hooks";

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

/** What waits for its "Undo": what carries each of it out. */
const waiting = new Set<() => Promise<void>>();

/**
 * Shows something as done at once and does it when the message with its "Undo" is gone, or the page is left. Offline it
 * says so instead.
 *
 * @param show Shows it as done; returns how to show it as it was.
 * @returns What undoes it, as the message's button does.
 */
export function doWithUndo(text: string, show: () => () => void, work: () => Promise<unknown>): () => void {
  if (!navigator.onLine) {
    fail(new TypeError("offline"));
    return () => undefined;
  }
  const putBack = show();
  const finish = async () => {
    clearTimeout(timer);
    if (!waiting.delete(finish)) return;
    try {
      await work();
    } catch (error) {
      putBack();
      fail(error);
    }
  };
  const timer = setTimeout(() => void finish(), STAY);
  waiting.add(finish);
  const undo = () => {
    clearTimeout(timer);
    dismiss(id);
    if (waiting.delete(finish)) putBack();
  };
  const id = toast(text, { label: words.common.undo, run: undo });
  return undo;
}

/** Does what waits for its "Undo". */
export const finishWaiting = () => Promise.all([...waiting].map((finish) => finish()));

// Before the page is left, while requests still have time; `pagehide` is for browsers that do not fire the first.
addEventListener("beforeunload", () => void finishWaiting());
addEventListener("pagehide", () => void finishWaiting());

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Where toasts are shown: the last place counts, since a modal dialog hides and disables all that is outside it. */
let places: readonly object[] = [];

function setPlaces(next: readonly object[]): void {
  places = next;
  listeners.forEach((listener) => listener());
}

export function Toasts() {
  const [place] = useState(() => ({}));
  const all = useSyncExternalStore(subscribe, () => toasts);
  const isShown = useSyncExternalStore(subscribe, () => places.at(-1) === place);
  useLayoutEffect(() => {
    setPlaces([...places, place]);
    return () => setPlaces(places.filter((one) => one !== place));
  }, []);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {(isShown ? all : []).map(({ id, text, kind, action }) => (
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
