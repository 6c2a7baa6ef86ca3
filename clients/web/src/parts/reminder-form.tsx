import { changeReminder, createReminder, type ListedReminder, type Reminder, type ReminderType } from "../data/reminders";
import { cached } from "../data/tasks";
import { words } from "../words";
import { Dialog } from "./dialog";
import { atMost, Input, Problem, Select, Submit, useSubmit } from "./form";
import { readReminderTime, ReminderTimeFields } from "./reminder-time";
import { toast } from "./toasts";

const said = words.reminders;

interface FormProps {
  reminder?: Reminder | ListedReminder;
  taskId: string;
  /** The due date of the task, null where it has none; undefined where it is not known. */
  dueDate: string | null | undefined;
  onDone: () => void;
}

export function ReminderForm({ reminder, taskId, dueDate, onDone }: FormProps) {
  // The plan of a review decides all but its time and its note.
  const isReview = reminder?.kind === "review";
  const form = useSubmit(async (fields) => {
    const time = readReminderTime(fields, reminder, dueDate);
    const type = fields["type"] as ReminderType | undefined;
    const message = fields["message"] || null;
    if (reminder) {
      const status = fields["status"] as Reminder["status"] | undefined;
      await changeReminder(reminder, { message, ...time, ...(type && { type }), ...(status && { status }) });
    } else {
      await createReminder({ taskId, message, ...time, ...(type && { type }) });
    }
    toast(reminder ? said.saved : said.added);
    onDone();
  });
  return (
    <form class="inset" onSubmit={form.onSubmit} noValidate>
      <Problem>{form.problem}</Problem>
      <ReminderTimeFields {...(reminder && { reminder })} dueDate={isReview ? null : dueDate} errors={form.errors} hasLead={!isReview} />
      {!isReview && (
        <div class="row">
          <Select label={said.type} name="type" value={reminder?.type ?? "both"} options={Object.entries(said.types)} error={form.errors["type"]} />
          {reminder && <Select label={said.status} name="status" value={reminder.status} options={Object.entries(said.statuses)} error={form.errors["status"]} />}
        </div>
      )}
      <Input label={said.message} optional name="message" defaultValue={reminder?.message ?? ""} maxLength={atMost(500)} hint={said.messageHint} error={form.errors["message"]} dir="auto" />
      <footer class="actions">
        <button type="button" onClick={onDone}>
          {words.common.cancel}
        </button>
        <Submit busy={form.busy}>{words.common.save}</Submit>
      </footer>
    </form>
  );
}

export function ReminderDialog({ reminder, onClose }: { reminder: ListedReminder; onClose: () => void }) {
  return (
    <Dialog title={said.of(reminder.task?.title ?? said.noTask)} onClose={onClose}>
      <ReminderForm reminder={reminder} taskId={reminder.taskId} dueDate={cached(reminder.taskId)?.dueDate} onDone={onClose} />
    </Dialog>
  );
}
