import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

import { deleteReminder, useTaskReminders, type Reminder } from "../data/reminders";
import type { Task } from "../data/tasks";
import { receipt } from "../receipt";
import { showMoment } from "../time";
import { words } from "../words";
import { focusFirst } from "./form";
import { Icon } from "./icon";
import { ReminderForm } from "./reminder-form";
import { offsetText } from "./reminder-time";
import { canSnooze, SnoozeForm } from "./snooze";
import { Loaded } from "./states";
import { doWithUndo } from "./toasts";

const said = words.reminders;

/** What is open: one reminder's form, or that of a new one. */
type Open = { id: string; form: "edit" | "snooze" } | { id: "new" };

/** A task's reminders, with what became of each. */
export function TaskReminders({ task }: { task: Task }) {
  const query = useTaskReminders(task.id);
  const [open, setOpen] = useState<Open>();
  const [hidden, setHidden] = useState<readonly string[]>([]);
  const heading = useId();
  const opener = useRef<HTMLElement>();
  const add = useRef<HTMLButtonElement>(null);
  const section = useRef<HTMLElement>(null);
  // The form replaces the button that opened it. The focus goes to the form and back, before the next key can arrive.
  useLayoutEffect(() => {
    if (open?.id === "new") focusFirst(section.current);
    if (open || !opener.current) return;
    (opener.current.isConnected ? opener.current : add.current)?.focus();
    opener.current = undefined;
  }, [open]);
  const close = () => setOpen(undefined);
  const show = (next: Open, by: HTMLElement) => {
    opener.current = by;
    setOpen(open && JSON.stringify(open) === JSON.stringify(next) ? undefined : next);
  };
  const remove = ({ id }: Reminder) =>
    doWithUndo(
      said.deleted,
      () => {
        setHidden((ids) => [...ids, id]);
        return () => setHidden((ids) => ids.filter((one) => one !== id));
      },
      () => deleteReminder(id),
    );
  return (
    <section aria-labelledby={heading} ref={section}>
      <h3 id={heading}>{said.title}</h3>
      <Loaded query={query} rows={1}>
        {(reminders) => (
          <ul class="plain">
            {reminders
              .filter(({ id }) => !hidden.includes(id))
              .map((reminder) => (
                <li key={reminder.id}>
                  <Line reminder={reminder} show={show} remove={remove} />
                  {open?.id === reminder.id && "form" in open && open.form === "edit" && <ReminderForm reminder={reminder} taskId={task.id} dueDate={task.dueDate} onDone={close} />}
                  {open?.id === reminder.id && "form" in open && open.form === "snooze" && <SnoozeForm reminder={reminder} onDone={close} />}
                </li>
              ))}
          </ul>
        )}
      </Loaded>
      {open?.id === "new" ? (
        <ReminderForm taskId={task.id} dueDate={task.dueDate} onDone={close} />
      ) : (
        <button type="button" ref={add} onClick={(event) => show({ id: "new" }, event.currentTarget)}>
          <Icon name="plus" />
          {said.add}
        </button>
      )}
    </section>
  );
}

interface LineProps {
  reminder: Reminder;
  show: (open: Open, by: HTMLElement) => void;
  remove: (reminder: Reminder) => void;
}

function Line({ reminder, show, remove }: LineProps) {
  const { id, scheduledAt, snoozedUntil, offsetMinutes } = reminder;
  const moment = showMoment(scheduledAt);
  const isReview = reminder.kind === "review";
  const facts = [
    isReview && words.reviews.chip,
    snoozedUntil ? said.snoozedUntil(moment) : moment,
    offsetMinutes !== null && offsetText(offsetMinutes),
    said.types[reminder.type],
    said.statuses[reminder.status],
  ].filter(Boolean);
  return (
    <div class="line">
      <Icon name="reminders" />
      <span class="about">
        <span>{facts.join(" · ")}</span>
        {reminder.message && <span dir="auto">{reminder.message}</span>}
        <span class="faint">{receipt(reminder)}</span>
      </span>
      <span class="row-actions">
        {canSnooze(reminder) && (
          <button type="button" class="quiet" onClick={(event) => show({ id, form: "snooze" }, event.currentTarget)}>
            {said.snooze}
            <span class="hidden"> {moment}</span>
          </button>
        )}
        <button type="button" class="quiet" onClick={(event) => show({ id, form: "edit" }, event.currentTarget)}>
          {words.common.edit}
          <span class="hidden"> {moment}</span>
        </button>
        {/* A review goes with its plan. */}
        {!isReview && (
          <button type="button" class="quiet" aria-label={`${words.common.remove} ${moment}`} onClick={() => remove(reminder)}>
            <Icon name="trash" />
          </button>
        )}
      </span>
    </div>
  );
}
