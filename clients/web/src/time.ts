/** Days and times in the user's zone, which need not be the browser's. */

import { TZDateMini } from "@date-fns/tz";

import { locale, words } from "./words";

/** A calendar day, `YYYY-MM-DD`. */
export type Day = string;

/** Browsers list these zones under an old name; the API and its mails use the current one. */
const RENAMED: Record<string, string> = {
  "Africa/Asmera": "Africa/Asmara",
  "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
  "America/Catamarca": "America/Argentina/Catamarca",
  "America/Coral_Harbour": "America/Atikokan",
  "America/Cordoba": "America/Argentina/Cordoba",
  "America/Godthab": "America/Nuuk",
  "America/Indianapolis": "America/Indiana/Indianapolis",
  "America/Jujuy": "America/Argentina/Jujuy",
  "America/Louisville": "America/Kentucky/Louisville",
  "America/Mendoza": "America/Argentina/Mendoza",
  "Asia/Calcutta": "Asia/Kolkata",
  "Asia/Katmandu": "Asia/Kathmandu",
  "Asia/Rangoon": "Asia/Yangon",
  "Asia/Saigon": "Asia/Ho_Chi_Minh",
  "Atlantic/Faeroe": "Atlantic/Faroe",
  "Europe/Kiev": "Europe/Kyiv",
  "Pacific/Enderbury": "Pacific/Kanton",
  "Pacific/Ponape": "Pacific/Pohnpei",
  "Pacific/Truk": "Pacific/Chuuk",
};

/** The current name of a zone, which may have several; a zone that the browser does not know stays as it is. */
function currentName(name: string): string {
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    return RENAMED[timeZone] ?? timeZone;
  } catch {
    return name;
  }
}

/** Whether two names mean the same zone, such as `Asia/Calcutta` and `Asia/Kolkata`. */
export const sameZone = (one: string, other: string) => one === other || currentName(one) === currentName(other);

export const browserZone = currentName(new Intl.DateTimeFormat().resolvedOptions().timeZone);

let zone = browserZone;
/** How far the server's clock is ahead of this device's, in ms. */
let skew = 0;

export const currentZone = () => zone;
export const setZone = (name: string) => void (zone = name);
export const setSkew = (ms: number) => void (skew = ms);

/** The server's time, in ms: devices' clocks are wrong by hours. */
export const now = () => Date.now() + skew;

/** Every zone that the browser knows, once each, for a list of choices. `chosen` keeps its spelling, known or not. */
export function zones(chosen: string): [string, string][] {
  const known = new Set([...Intl.supportedValuesOf("timeZone"), "UTC"].map((name) => RENAMED[name] ?? name));
  known.delete(currentName(chosen));
  return [...known, chosen].toSorted().map((name) => [name, name.replaceAll("_", " ")]);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions, at: number, timeZone = zone): string {
  const key = timeZone + JSON.stringify(options);
  let made = formats.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat(locale, { ...options, timeZone });
    formats.set(key, made);
  }
  return made.format(at);
}

const ms = (at: string | number) => (typeof at === "number" ? at : Date.parse(at));
const two = (number: number) => String(number).padStart(2, "0");

/** The day of an instant, in the user's zone. */
export function dayOf(at: string | number): Day {
  const date = new TZDateMini(ms(at), zone);
  return `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The time of an instant in the user's zone, `HH:MM`. */
export function clockOf(at: string | number): string {
  const date = new TZDateMini(ms(at), zone);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

export const today = (): Day => dayOf(now());

export function addDays(day: Day, days: number): Day {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** The instant at which a day's clock shows `time` in the user's zone; a time that is skipped in spring is the next one. */
export function instant(day: Day, time: string): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return new Date(new TZDateMini(year, month - 1, date, hours, minutes, zone).getTime()).toISOString();
}

/** Whether an instant is the last of its day: what the API makes of a day without a time. */
export const isEndOfDay = (at: string) => clockOf(at) === "23:59" && at.slice(17, 19) === "59";

const dayAt = (day: Day) => Date.parse(`${day}T12:00:00Z`);

/** `Mon 3 Mar`, with the year unless it is this one. */
export function showDay(day: Day): string {
  const year = day.slice(0, 4) === today().slice(0, 4) ? {} : ({ year: "numeric" } as const);
  return format({ weekday: "short", day: "numeric", month: "short", ...year }, dayAt(day), "UTC");
}

export const showLongDay = (day: Day) =>
  format({ weekday: "long", day: "numeric", month: "long", year: "numeric" }, dayAt(day), "UTC");
export const showMonth = (day: Day) => format({ month: "long", year: "numeric" }, dayAt(day), "UTC");
export const showWeekday = (day: Day, length: "short" | "long") => format({ weekday: length }, dayAt(day), "UTC");
export const showTime = (at: string | number) => format({ hour: "numeric", minute: "2-digit" }, ms(at));

/** `today`, `tomorrow`, `yesterday`, or the date. */
export function nearDay(day: Day): string {
  const base = today();
  if (day === base) return words.time.today;
  if (day === addDays(base, 1)) return words.time.tomorrow;
  if (day === addDays(base, -1)) return words.time.yesterday;
  return showDay(day);
}

export const showMoment = (at: string | number) => words.time.at(nearDay(dayOf(at)), showTime(at));
/** A due date: its day alone where it is the end of the day. */
export const showDue = (at: string) => (isEndOfDay(at) ? nearDay(dayOf(at)) : showMoment(at));

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** Units that people give minutes in, by their length. */
export const MINUTES = { minute: 1, hour: 60, day: 1_440 } as const;

/** `4 seconds`, `3 hours`: in the largest unit that fits. */
export function showDuration(milliseconds: number): string {
  const seconds = Math.max(1, Math.round(milliseconds / 1000));
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? (["second", 1] as const);
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(Math.round(seconds / length));
}

/** Minutes in the largest unit that says them exactly: `1 day`, `90 minutes`. */
export function showMinutes(minutes: number): string {
  const [unit, length] = (["day", "hour", "minute"] as const).map((name) => [name, MINUTES[name]] as const).find(([, size]) => minutes >= size && minutes % size === 0) ?? (["minute", 1] as const);
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(minutes / length);
}

/** `in 5 minutes`, `3 hours ago`. */
export function showRelative(at: string | number): string {
  const seconds = Math.round((ms(at) - now()) / 1000);
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? (["second", 1] as const);
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(Math.round(seconds / length), unit);
}

export function showBytes(bytes: number): string {
  const kilobytes = bytes / 1024;
  const [value, unit] = kilobytes < 1024 ? [kilobytes, "kilobyte"] : [kilobytes / 1024, "megabyte"];
  const digits = value < 10 && unit === "megabyte" ? 1 : 0;
  return new Intl.NumberFormat(locale, { style: "unit", unit, maximumFractionDigits: digits }).format(Math.max(value, 1));
}
