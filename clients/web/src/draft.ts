/** What was typed into a task's form when the session ended: kept in this tab until its user is back. */

const KEY = "spacedly.draft";

interface Draft {
  /** Id of the user who typed it. */
  user: string;
  /** Id of the task, or `new`. */
  task: string;
  /** The form's changes. */
  changes: object;
}

type Read = () => Omit<Draft, "user"> | undefined;

let readForm: Read | undefined;

/** Registers what reads the open form, undefined where nothing was typed; returns how to stop it. */
export function offerDraft(read: Read): () => void {
  readForm = read;
  return () => {
    if (readForm === read) readForm = undefined;
  };
}

/** Keeps what was typed into the open form. */
export function keepDraft(user: string): void {
  const draft = readForm?.();
  if (!draft) return;
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ user, ...draft } satisfies Draft));
  } catch {
    // Storage is closed to this page.
  }
}

export function forgetDraft(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // There was none, then.
  }
}

function kept(): Draft | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** Forgets the draft of anybody else. */
export function forgetDraftOfOthers(user: string): void {
  const draft = kept();
  if (draft && draft.user !== user) forgetDraft();
}

/** What was kept of a task's form, once. */
export function takeDraft<C extends object>(task: string): C | undefined {
  const draft = kept();
  if (draft?.task !== task) return undefined;
  forgetDraft();
  return draft.changes as C;
}
