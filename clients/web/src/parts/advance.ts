/** Recurring tasks that move on to their next due date, once their "Undo" has passed. */

import { useSyncExternalStore } from "preact/compat";

import { endOccurrence, type Outcome, type Task } from "../data/tasks";
import { showDue } from "../time";
import { words } from "../words";
import { doWithUndo, toast } from "./toasts";

const said = words.recurrence;

/** The tasks under way, by id. */
const begun = new Map<string, { outcome: Outcome; undo: () => void }>();
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function forget(id: string): void {
  begun.delete(id);
  listeners.forEach((listener) => listener());
}

/** What has begun with a task's present occurrence, and can still be undone. */
export const useBegun = (id: string): Outcome | undefined => useSyncExternalStore(subscribe, () => begun.get(id)?.outcome);

/** Ends the occurrence that the task shows, with a way back; asked again meanwhile, it goes back. */
export function advance(task: Task, outcome: Outcome): void {
  const { id, title } = task;
  const before = begun.get(id);
  if (before) {
    before.undo();
    return;
  }
  const show = () => {
    begun.set(id, { outcome, undo: () => undefined });
    listeners.forEach((listener) => listener());
    return () => forget(id);
  };
  const work = async () => {
    try {
      const { task: moved, wasOpen } = await endOccurrence(task, outcome);
      toast(moved.status === "completed" ? said.last(title) : wasOpen && moved.dueDate ? said.next(title, showDue(moved.dueDate)) : said.elsewhere(title));
    } finally {
      forget(id);
    }
  };
  const undo = doWithUndo(said[outcome](title), show, work);
  if (begun.has(id)) begun.set(id, { outcome, undo });
}
