/** Putting a reminder off. */

import { useState } from "preact/hooks";

import { changeReminder, snoozeReminder, type ListedReminder, type Reminder } from "../data/reminders";
import { useMe } from "../data/user";
import { addDays, clockOf, dayOf, instant, now, showMoment, today } from "../time";
import { words } from "../words";
import { Dialog } from "./dialog";
import { FieldProblem, Input, Problem, useSubmit } from "./form";
import { fail, toast } from "./toasts";

const said = words.reminders;
const HOUR = 3_600_000;
/** How far ahead the API puts off, in ms. */
const FARTHEST = 28 * 24 * HOUR;

type Any = Reminder | ListedReminder;

/** Whether it can be put off: it is still to come, or was sent. One that was completed by hand the API refuses. */
export const canSnooze = ({ status }: Any) => status !== "skipped";

async function snooze(reminder: Any, body: Parameters<typeof snoozeReminder>[1]): Promise<void> {
  const snoozed = await snoozeReminder(reminder, body);
  const { scheduledAt, offsetMinutes, status } = reminder;
  const back = () => void changeReminder(snoozed, { scheduledAt }).catch(fail);
  // A time that has passed cannot be set again, and a relative one would no longer follow the due date.
  const canUndo = status === "pending" && offsetMinutes === null && Date.parse(scheduledAt) > now();
  toast(said.snoozedUntil(showMoment(snoozed.scheduledAt)), canUndo ? { label: words.common.undo, run: back } : undefined);
}

export function SnoozeForm({ reminder, onDone }: { reminder: Any; onDone: () => void }) {
  const { data: me } = useMe();
  const morning = me?.morning_digest.time ?? "05:00";
  const [proposed] = useState(() => now() + 3 * HOUR);
  const form = useSubmit(async ({ for: choice = "until", day = "", time = "" }) => {
    if (choice === "hour") await snooze(reminder, { minutes: 60 });
    else {
      const until = choice === "morning" ? instant(addDays(today(), 1), morning) : day && time ? instant(day, time) : "";
      const ahead = Date.parse(until) - now();
      if (!(ahead > 0 && ahead <= FARTHEST)) throw new FieldProblem("until", said.badSnooze);
      await snooze(reminder, { until });
    }
    onDone();
  });
  return (
    <form class="inset" onSubmit={form.onSubmit} noValidate>
      <Problem>{form.problem}</Problem>
      {/* The first button of a form is what Enter in a field presses; these two are none for that. */}
      <button type="submit" name="for" value="until" class="hidden" tabIndex={-1} aria-hidden="true" />
      <div class="actions start">
        <button type="submit" name="for" value="hour">
          {said.snoozeHour}
        </button>
        <button type="submit" name="for" value="morning">
          {said.snoozeMorning(morning)}
        </button>
      </div>
      <div class="row pair">
        <Input label={said.day} name="day" type="date" defaultValue={dayOf(proposed)} error={form.errors["until"]} required />
        <Input label={said.time} name="time" type="time" defaultValue={clockOf(proposed)} required />
      </div>
      <footer class="actions">
        <button type="button" onClick={onDone}>
          {words.common.cancel}
        </button>
        <button type="submit" name="for" value="until" class="primary">
          {said.snoozeUntil}
        </button>
      </footer>
    </form>
  );
}

export function SnoozeDialog({ reminder, title, onClose }: { reminder: ListedReminder; title: string; onClose: () => void }) {
  return (
    <Dialog title={`${said.snoozeTitle}: ${title}`} onClose={onClose}>
      <SnoozeForm reminder={reminder} onDone={onClose} />
    </Dialog>
  );
}
