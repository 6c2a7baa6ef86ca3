import { useState } from "preact/hooks";

import { changeReminder, deleteReminder, type ListedReminder } from "../data/reminders";
import { receipt } from "../receipt";
import { now, showDay, dayOf, showTime } from "../time";
import { words } from "../words";
import { Icon } from "./icon";
import { ReminderDialog } from "./reminder-form";
import { offsetText } from "./reminder-time";
import { useTaskAddress } from "./shell";
import { canSnooze, SnoozeDialog } from "./snooze";
import { fail, doWithUndo, toast } from "./toasts";

const said = words.reminders;

interface Props {
  reminder: ListedReminder;
  /** Names the day as well, where no heading does. */
  withDay?: boolean;
  /** Takes it out of sight; returns how to put it back. Without it the row cannot be deleted here. */
  hide?: (id: string) => () => void;
}

export function ReminderRow({ reminder, withDay, hide }: Props) {
  const { taskHref } = useTaskAddress();
  const [open, setOpen] = useState<"edit" | "snooze">();
  const { scheduledAt, status } = reminder;
  // The task of a reminder may have been deleted a moment ago.
  const title = reminder.task?.title ?? said.noTask;
  const isReview = reminder.kind === "review";
  const isLate = status === "pending" && Date.parse(scheduledAt) < now();
  const skip = async () => {
    try {
      const changed = await changeReminder(reminder, { status: "skipped" });
      toast(said.skipped, { label: words.common.undo, run: () => void changeReminder(changed, { status: "pending" }).catch(fail) });
    } catch (error) {
      fail(error);
    }
  };
  const remove = () => hide && doWithUndo(said.deleted, () => hide(reminder.id), () => deleteReminder(reminder.id));
  return (
    <li class={`reminder ${status}`}>
      <span class={`when ${isLate ? "bad" : ""}`}>
        {withDay && <span>{showDay(dayOf(scheduledAt))}</span>}
        <span>{showTime(scheduledAt)}</span>
      </span>
      <a class="about" href={taskHref(reminder.taskId)}>
        <span class="title" dir="auto">
          {title}
        </span>
        {reminder.message && <span dir="auto">{reminder.message}</span>}
        <span class="meta">
          <span class={`chip ${status}`}>{said.statuses[status]}</span>
          {isReview && <span class="chip upcoming">{words.reviews.chip}</span>}
          {reminder.snoozedUntil && <span class="chip">{said.snoozed}</span>}
          {reminder.offsetMinutes !== null && <span>{offsetText(reminder.offsetMinutes)}</span>}
          <span>{said.types[reminder.type]}</span>
          <span>{receipt(reminder)}</span>
        </span>
      </a>
      {hide && (
        <span class="row-actions">
          {canSnooze(reminder) && (
            <button type="button" class="quiet" onClick={() => setOpen("snooze")}>
              {said.snooze}
              <span class="hidden"> {said.of(title)}</span>
            </button>
          )}
          {status === "pending" && !isReview && (
            <button type="button" class="quiet" onClick={() => void skip()}>
              {said.skip}
              <span class="hidden"> {said.of(title)}</span>
            </button>
          )}
          <button type="button" class="quiet" aria-label={said.actions(title)} onClick={() => setOpen("edit")}>
            {words.common.edit}
          </button>
          {/* A review goes with its plan. */}
          {!isReview && (
            <button type="button" class="quiet" aria-label={`${words.common.remove}: ${said.of(title)}`} onClick={remove}>
              <Icon name="trash" />
            </button>
          )}
        </span>
      )}
      {open === "edit" && <ReminderDialog reminder={reminder} onClose={() => setOpen(undefined)} />}
      {open === "snooze" && <SnoozeDialog reminder={reminder} title={title} onClose={() => setOpen(undefined)} />}
    </li>
  );
}
