/** When a reminder is, and how much earlier it is sent: fields, and what their texts mean. */

import { useState } from "preact/hooks";

import type { Changes, Reminder } from "../data/reminders";
import { addDays, clockOf, dayOf, instant, MINUTES, now, showMinutes, today } from "../time";
import { words } from "../words";
import { FieldProblem, Input, Select, type Fields } from "./form";

const said = words.reminders;

/** Minutes before the due date that a form offers. */
export const OFFSETS = [0, 10, 60, 1_440, 10_080] as const;
const LEADS = [0, 10, 60, 1_440] as const;
const MOST = { offset: 40_320, lead: 10_080 };
/** The API's own: what it sends an hour before. */
const LEAD = 60;

export const offsetText = (minutes: number) => (minutes === 0 ? said.whenDue : said.before(showMinutes(minutes)));
const leadText = (minutes: number) => (minutes === 0 ? said.atThatTime : said.earlier(showMinutes(minutes)));

interface Props {
  reminder?: Pick<Reminder, "scheduledAt" | "offsetMinutes" | "leadMinutes">;
  /** Null where the task has none; undefined where it is not known. */
  dueDate: string | null | undefined;
  errors: Record<string, string>;
  /** Whether it can be sent earlier than its time. */
  hasLead: boolean;
}

function proposed(dueDate: string | null | undefined): { day: string; time: string } {
  if (dueDate && Date.parse(dueDate) > now()) return { day: dayOf(dueDate), time: clockOf(dueDate) };
  return { day: addDays(today(), 1), time: "09:00" };
}

export function ReminderTimeFields({ reminder, dueDate, errors, hasLead }: Props) {
  const own = reminder ? { day: dayOf(reminder.scheduledAt), time: clockOf(reminder.scheduledAt) } : proposed(dueDate);
  const isAhead = dueDate && Date.parse(dueDate) > now();
  const [first] = useState(() => String(reminder ? (reminder.offsetMinutes ?? "own") : isAhead ? 60 : "own"));
  const [when, setWhen] = useState(first);
  const lead = reminder?.leadMinutes ?? (first === "own" ? LEAD : 0);
  const problem = errors["scheduledAt"] ?? errors["offsetMinutes"];
  const canFollow = dueDate !== null;
  return (
    <>
      {canFollow ? (
        <MinutesField name="offset" label={said.when} value={first} presets={OFFSETS} text={offsetText} other={said.beforeOther} also={[["own", said.own]]} onChange={setWhen} error={when === "own" ? undefined : problem} />
      ) : (
        <input type="hidden" name="offset" value="own" />
      )}
      {(when === "own" || !canFollow) && (
        <div class="row pair">
          <Input label={said.day} name="day" type="date" defaultValue={own.day} error={problem} required />
          <Input label={said.time} name="time" type="time" defaultValue={own.time} required />
        </div>
      )}
      {hasLead && <MinutesField name="lead" label={said.lead} value={String(lead)} presets={LEADS} text={leadText} other={said.earlierOther} error={errors["leadMinutes"]} />}
    </>
  );
}

interface MinutesProps {
  name: "offset" | "lead";
  label: string;
  /** Minutes as text, or a name of `also`. */
  value: string;
  presets: readonly number[];
  text: (minutes: number) => string;
  /** What stands for a number of one's own. */
  other: string;
  also?: [string, string][];
  onChange?: (value: string) => void;
  error?: string | undefined;
}

/** Minutes: some to choose from, or a number and its unit. */
function MinutesField({ name, label, value, presets, text, other, also = [], onChange, error }: MinutesProps) {
  const [chosen, setChosen] = useState(value);
  const isNumber = /^\d+$/.test(value);
  const offered = [...new Set([...presets, ...(isNumber ? [Number(value)] : [])])].toSorted((one, two) => one - two);
  const options = [...offered.map((minutes) => [String(minutes), text(minutes)] as const), ["other", other] as const, ...also];
  const choose = (next: string) => {
    setChosen(next);
    onChange?.(next);
  };
  return (
    <>
      <Select label={label} name={name} value={value} options={options} onChange={choose} error={chosen === "other" ? undefined : error} />
      {chosen === "other" && (
        <div class="row pair">
          <Input label={said.number} name={`${name}Number`} type="number" min={1} inputMode="numeric" defaultValue="2" error={error} required />
          <Select label={said.unit} name={`${name}Unit`} value="hour" options={Object.entries(said.units)} />
        </div>
      )}
    </>
  );
}

/** Minutes as a form's texts give them; undefined for a choice that is none. */
function minutesOf(fields: Fields, name: "offset" | "lead", field: string): number | undefined {
  const chosen = fields[name] ?? "";
  if (chosen !== "other") return /^\d+$/.test(chosen) ? Number(chosen) : undefined;
  const number = Number(fields[`${name}Number`] || Number.NaN);
  const minutes = number * MINUTES[fields[`${name}Unit`] as keyof typeof MINUTES];
  if (!Number.isInteger(number) || number < 1 || minutes > MOST[name]) throw new FieldProblem(field, said.badMinutes(showMinutes(MOST[name])));
  return minutes;
}

/** What of a reminder's time differs from the reminder as it was. A time that is chosen must lie ahead. */
export function readReminderTime(fields: Fields, reminder: Reminder | undefined, dueDate: string | null | undefined): Changes {
  const lead = minutesOf(fields, "lead", "leadMinutes");
  const changes: Changes = lead === undefined || lead === reminder?.leadMinutes ? {} : { leadMinutes: lead };
  const offset = minutesOf(fields, "offset", "offsetMinutes");
  if (offset !== undefined) {
    if (offset === reminder?.offsetMinutes) return changes;
    if (dueDate && Date.parse(dueDate) - offset * 60_000 <= now()) throw new FieldProblem("scheduledAt", said.inPast);
    return { ...changes, offsetMinutes: offset };
  }
  const { day = "", time = "" } = fields;
  if (!day || !time) throw new FieldProblem("scheduledAt", said.inPast);
  const at = instant(day, time);
  if (reminder && at.slice(0, 16) === reminder.scheduledAt.slice(0, 16)) {
    return reminder.offsetMinutes === null ? changes : { ...changes, offsetMinutes: null };
  }
  if (Date.parse(at) <= now()) throw new FieldProblem("scheduledAt", said.inPast);
  return { ...changes, scheduledAt: at };
}
