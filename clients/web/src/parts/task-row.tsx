import { hasCode } from "@spacedly/client";

import { cached, changeTask, fetchTask, type Task } from "../data/tasks";
import { describe } from "../recurrence";
import { now, showDue } from "../time";
import { words } from "../words";
import { advance, useBegun } from "./advance";
import { Icon } from "./icon";
import { useTaskAddress } from "./shell";
import { fail, toast } from "./toasts";

const said = words.tasks;

/** Completes a task or opens it again, at once, with a way back. One that recurs goes to its next due date. */
export async function toggle(task: Task): Promise<void> {
  if (task.recurrence && task.status !== "completed") {
    advance(task, "completed");
    return;
  }
  const status = task.status === "completed" ? "todo" : "completed";
  try {
    const changed = await changeTask(task, { status });
    const text = status === "completed" ? said.completedToast(task.title) : said.reopenedToast(task.title);
    toast(text, { label: words.common.undo, run: () => void changeTask(cached(task.id) ?? changed, { status: task.status }).catch(fail) });
  } catch (error) {
    if (!hasCode(error, "PRECONDITION_FAILED")) {
      fail(error);
      return;
    }
    const again = async () => changeTask(await fetchTask(task.id), { status });
    toast(words.conflict.toast, { label: words.conflict.again, run: () => void again().catch(fail) }, "failed");
  }
}

export function TaskRow({ task }: { task: Task }) {
  const { taskHref } = useTaskAddress();
  const begun = useBegun(task.id);
  const isDone = task.status === "completed" || begun !== undefined;
  const isLate = !isDone && task.dueDate !== null && Date.parse(task.dueDate) < now();
  return (
    <li class={`task ${isDone ? "done" : ""}`}>
      <button type="button" class="tick" role="checkbox" aria-checked={isDone} aria-label={isDone ? said.reopen(task.title) : said.complete(task.title)} onClick={() => void toggle(task)}>
        {isDone && <Icon name="check" />}
      </button>
      <a class="about" href={taskHref(task.id)}>
        <span class="title" dir="auto">
          {task.title}
        </span>
        <span class="meta">
          {task.dueDate && (
            <span class={isLate ? "bad" : ""}>
              <Icon name="calendar" />
              {showDue(task.dueDate)}
            </span>
          )}
          {task.recurrence && (
            <span>
              <Icon name="repeat" />
              <span class="hidden">{words.recurrence.repeat} </span>
              {describe(task.recurrence)}
            </span>
          )}
          {begun === "skipped" && <span class="chip">{words.recurrence.outcomes.skipped}</span>}
          {task.status === "in-progress" && <span class="chip">{said.statuses["in-progress"]}</span>}
          {task.priority !== "medium" && (
            <span class={`chip ${task.priority}`}>
              <Icon name="flag" />
              {said.priorities[task.priority]}
            </span>
          )}
          {task.category && (
            <span class="chip" title={task.category}>
              <span dir="auto">{task.category}</span>
            </span>
          )}
          {task.attachments.length > 0 && (
            <span>
              <Icon name="clip" />
              {said.files(task.attachments.length)}
            </span>
          )}
          {task.reminders.length > 0 && (
            <span>
              <Icon name="reminders" />
              {said.reminders(task.reminders.length)}
            </span>
          )}
        </span>
      </a>
      {task.link && (
        <a class="quiet button" href={task.link} target="_blank" rel="noopener noreferrer" aria-label={`${said.fields.link}: ${task.link} (${words.common.newTab})`}>
          <Icon name="link" />
        </a>
      )}
    </li>
  );
}
