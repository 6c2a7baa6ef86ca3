/** Recurrence rules (RFC 5545): in words, and as the choices of a form. */

import type { Task } from "./data/tasks";
import { dayOf, showDay, type Day } from "./time";
import { words } from "./words";

export type Recurrence = NonNullable<Task["recurrence"]>;

/** The parts of a rule by name, without those that say nothing. */
type Parts = Record<string, string>;

const said = words.recurrence;

export const WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;
export type Weekday = (typeof WEEKDAYS)[number];
const WORKDAYS = "MO,TU,WE,TH,FR";
/** Which one of a month; 0 is the day of the month. */
export const POSITIONS = ["day", "last-day", "1", "2", "3", "4", "-1"] as const;
export type Position = (typeof POSITIONS)[number];

export type Unit = keyof typeof said.units;
const UNITS: Record<string, Unit> = { DAILY: "day", WEEKLY: "week", MONTHLY: "month", YEARLY: "year" };
const FREQUENCIES: Record<Unit, string> = { day: "DAILY", week: "WEEKLY", month: "MONTHLY", year: "YEARLY" };

/** What a form asks about a rule. */
export interface Choices {
  repeat: keyof typeof said.choices;
  every: string;
  unit: Unit;
  /** Of `unit: "week"`; none is the due date's own. */
  weekdays: Weekday[];
  /** Of `unit: "month"`. */
  position: Position;
  /** With a position that counts weekdays. */
  weekday: Weekday;
  ends: keyof typeof said.endings;
  count: string;
  until: Day;
  /** The rule as text, of `repeat: "rule"`. */
  rule: string;
}

const NONE: Choices = { repeat: "none", every: "1", unit: "week", weekdays: [], position: "day", weekday: "MO", ends: "never", count: "10", until: "", rule: "" };

function partsOf(rule: string): Parts {
  const pairs = rule.replace(/^RRULE:/i, "").toUpperCase().split(";").map((part) => part.split("=") as [string, string]);
  return Object.fromEntries(pairs.filter(([name, value]) => value && !(name === "INTERVAL" && value === "1") && !(name === "WKST" && value === "MO")));
}

const isSame = (one: Parts, other: Parts) => JSON.stringify(Object.entries(one).toSorted()) === JSON.stringify(Object.entries(other).toSorted());

/** Whether two rules say the same: setting one again would begin its count again. */
export function isSameRecurrence(one: Recurrence | null, other: Recurrence | null): boolean {
  if (!one || !other) return one === other;
  return one.anchor === other.anchor && one.timezone === other.timezone && isSame(partsOf(one.rrule), partsOf(other.rrule));
}

const untilOf = (text: string): Day => (text.includes("T") ? dayOf(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z")) : text.replace(/^(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3"));

/** The choices that make a rule; those of a text where no others do. */
export function choicesOf(recurrence: Recurrence | null | undefined, day: Day): Choices {
  const weekday = WEEKDAYS[(new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7] ?? "MO";
  const start = { ...NONE, weekday };
  if (!recurrence) return start;
  const parts = partsOf(recurrence.rrule);
  const { FREQ = "", INTERVAL = "1", BYDAY = "", BYMONTHDAY = "", COUNT, UNTIL } = parts;
  const [, position = "", counted = ""] = /^(-?\d)(\w\w)$/.exec(BYDAY) ?? [];
  const made: Choices = {
    ...start,
    repeat: "custom",
    every: INTERVAL,
    unit: UNITS[FREQ] ?? "week",
    weekdays: FREQ === "WEEKLY" ? WEEKDAYS.filter((name) => BYDAY.split(",").includes(name)) : [],
    position: BYMONTHDAY === "-1" ? "last-day" : (POSITIONS.find((it) => it === position) ?? "day"),
    weekday: WEEKDAYS.find((name) => name === counted) ?? weekday,
    ...(COUNT && { ends: "count" as const, count: COUNT }),
    // An instant as the end is kept as it is.
    ...(UNTIL && !UNTIL.includes("T") && { ends: "until" as const, until: untilOf(UNTIL) }),
    rule: recurrence.rrule,
  };
  const preset = PRESETS.find((repeat) => isSame(partsOf(ruleOf({ ...made, repeat })), parts));
  if (preset) return { ...made, repeat: preset };
  return isSame(partsOf(ruleOf(made)), parts) ? made : { ...made, repeat: "rule" };
}

const PRESETS = ["day", "workday", "week", "month", "year"] as const;

/** The rule that choices make. */
export function ruleOf(choices: Choices): string {
  const { repeat, ends, count, until } = choices;
  if (repeat === "rule") return choices.rule.trim();
  const ending = ends === "count" ? `;COUNT=${count}` : ends === "until" ? `;UNTIL=${until.replaceAll("-", "")}` : "";
  if (repeat === "custom") return custom(choices) + ending;
  if (repeat === "workday") return `FREQ=WEEKLY;BYDAY=${WORKDAYS}${ending}`;
  return repeat === "none" ? "" : `FREQ=${FREQUENCIES[repeat]}${ending}`;
}

function custom({ every, unit, weekdays, position, weekday }: Choices): string {
  const base = `FREQ=${FREQUENCIES[unit]};INTERVAL=${every}`;
  if (unit === "week" && weekdays.length > 0) return `${base};BYDAY=${weekdays.join(",")}`;
  if (unit !== "month" || position === "day") return base;
  return position === "last-day" ? `${base};BYMONTHDAY=-1` : `${base};BYDAY=${position}${weekday}`;
}

/** A rule in words: `every 2 weeks on Monday and Thursday, until 3 March`. */
export function describe({ rrule, anchor }: Recurrence): string {
  const { FREQ = "", INTERVAL = "1", BYMONTH, BYMONTHDAY, BYDAY, BYSETPOS, COUNT, UNTIL } = partsOf(rrule);
  const unit = UNITS[FREQ];
  // Positions among other parts have no short words.
  if (!unit || BYSETPOS) return said.byRule(rrule);
  const isWorkdays = FREQ === "WEEKLY" && INTERVAL === "1" && BYDAY === WORKDAYS;
  const texts = [
    isWorkdays ? said.everyWorkday : said.every(Number(INTERVAL), unit),
    !isWorkdays && BYDAY && said.on(said.list(BYDAY.split(",").map(weekdayText))),
    BYMONTHDAY && said.on(said.list(BYMONTHDAY.split(",").map((date) => said.date(Number(date))))),
    BYMONTH && said.in(said.list(BYMONTH.split(",").map((month) => said.month(Number(month))))),
    anchor === "completion" && said.afterCompletion,
  ].filter(Boolean);
  const ending = COUNT ? said.times(Number(COUNT)) : UNTIL ? said.until(showDay(untilOf(UNTIL))) : "";
  return texts.join(" ") + ending;
}

function weekdayText(text: string): string {
  const [, position = "", name = ""] = /^(-?\d+)?(\w\w)$/.exec(text) ?? [];
  return said.nth(Number(position), said.weekday(WEEKDAYS.findIndex((it) => it === name)));
}
