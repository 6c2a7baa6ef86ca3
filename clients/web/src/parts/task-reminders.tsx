import { useId, useState } from "preact/hooks";

import { deleteReminder, useTaskReminders, type Reminder } from "../data/reminders";
import type { Task } from "../data/tasks";
import { receipt } from "../receipt";
import { showMoment } from "../time";
import { words } from "../words";
import { Icon } from "./icon";
import { ReminderForm } from "./reminder-form";
import { Loaded } from "./states";
import { removeWithUndo } from "./toasts";

const said = words.reminders;

/** A task's reminders, with what became of each. */
export function TaskReminders({ task }: { task: Task }) {
  const query = useTaskReminders(task.id);
  const [open, setOpen] = useState<string>();
  const [hidden, setHidden] = useState<readonly string[]>([]);
  const heading = useId();
  const close = () => setOpen(undefined);
  const remove = ({ id }: Reminder) =>
    removeWithUndo(
      said.deleted,
      () => {
        setHidden((ids) => [...ids, id]);
        return () => setHidden((ids) => ids.filter((one) => one !== id));
      },
      () => deleteReminder(id),
    );
  return (
    <section aria-labelledby={heading}>
      <h3 id={heading}>{said.title}</h3>
      <Loaded query={query} rows={1}>
        {(reminders) => (
          <ul class="plain">
            {reminders
              .filter(({ id }) => !hidden.includes(id))
              .map((reminder) => (
                <li key={reminder.id}>
                  <div class="line">
                    <Icon name="reminders" />
                    <span class="about">
                      <span>
                        {showMoment(reminder.scheduledAt)} · {said.types[reminder.type]} · {said.statuses[reminder.status]}
                      </span>
                      {reminder.message && <span dir="auto">{reminder.message}</span>}
                      <span class="faint">{receipt(reminder)}</span>
                    </span>
                    <button type="button" class="quiet" onClick={() => setOpen(open === reminder.id ? undefined : reminder.id)}>
                      {words.common.edit}
                      <span class="hidden"> {showMoment(reminder.scheduledAt)}</span>
                    </button>
                    <button type="button" class="quiet" aria-label={`${words.common.remove} ${showMoment(reminder.scheduledAt)}`} onClick={() => remove(reminder)}>
                      <Icon name="trash" />
                    </button>
                  </div>
                  {open === reminder.id && <ReminderForm reminder={reminder} taskId={task.id} onDone={close} />}
                </li>
              ))}
          </ul>
        )}
      </Loaded>
      {open === "new" ? (
        <ReminderForm taskId={task.id} dueDate={task.dueDate} onDone={close} />
      ) : (
        <button type="button" onClick={() => setOpen("new")}>
          <Icon name="plus" />
          {said.add}
        </button>
      )}
    </section>
  );
}
