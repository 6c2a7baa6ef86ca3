import { changeReminder, createReminder, type ListedReminder, type Reminder, type ReminderType } from "../data/reminders";
import { addDays, clockOf, dayOf, instant, now, today } from "../time";
import { words } from "../words";
import { Dialog } from "./dialog";
import { FieldProblem, Input, Problem, Select, Submit, useSubmit, type Fields } from "./form";
import { toast } from "./toasts";

const said = words.reminders;

interface FormProps {
  reminder?: Reminder | ListedReminder;
  taskId: string;
  /** The due date of the task, which a new reminder proposes. */
  dueDate?: string | null;
  onDone: () => void;
}

/** The time that a form names; it must lie ahead unless it is the one that the reminder has. */
function timeOf(fields: Fields, before: string | undefined): string | undefined {
  const { day = "", time = "" } = fields;
  if (!day || !time) throw new FieldProblem("scheduledAt", said.inPast);
  const at = instant(day, time);
  if (before && at.slice(0, 16) === before.slice(0, 16)) return undefined;
  if (Date.parse(at) <= now()) throw new FieldProblem("scheduledAt", said.inPast);
  return at;
}

function proposed(dueDate: string | null | undefined): { day: string; time: string } {
  if (dueDate && Date.parse(dueDate) > now()) return { day: dayOf(dueDate), time: clockOf(dueDate) };
  return { day: addDays(today(), 1), time: "09:00" };
}

export function ReminderForm({ reminder, taskId, dueDate, onDone }: FormProps) {
  const first = reminder ? { day: dayOf(reminder.scheduledAt), time: clockOf(reminder.scheduledAt) } : proposed(dueDate);
  const form = useSubmit(async (fields) => {
    const scheduledAt = timeOf(fields, reminder?.scheduledAt);
    const type = fields["type"] as ReminderType;
    const message = fields["message"] || null;
    if (reminder) {
      const status = fields["status"] as Reminder["status"] | undefined;
      await changeReminder(reminder, { type, message, ...(scheduledAt && { scheduledAt }), ...(status && { status }) });
    } else if (scheduledAt) {
      await createReminder({ taskId, type, message, scheduledAt });
    }
    toast(reminder ? said.saved : said.added);
    onDone();
  });
  return (
    <form class="inset" onSubmit={form.onSubmit} noValidate>
      <Problem>{form.problem}</Problem>
      <div class="row">
        <Input label={said.when} name="day" type="date" defaultValue={first.day} error={form.errors["scheduledAt"]} required />
        <Input label={said.time} name="time" type="time" defaultValue={first.time} required />
      </div>
      <div class="row">
        <Select label={said.type} name="type" value={reminder?.type ?? "both"} options={Object.entries(said.types)} error={form.errors["type"]} />
        {reminder && <Select label={said.status} name="status" value={reminder.status} options={Object.entries(said.statuses)} error={form.errors["status"]} />}
      </div>
      <Input label={said.message} optional name="message" defaultValue={reminder?.message ?? ""} maxLength={500} hint={said.messageHint} error={form.errors["message"]} dir="auto" />
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
      <ReminderForm reminder={reminder} taskId={reminder.taskId} onDone={onClose} />
    </Dialog>
  );
}
