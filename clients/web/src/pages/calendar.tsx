import { useLocation } from "preact-iso";
import { useLayoutEffect, useRef } from "preact/hooks";

import { useReminders, type ListedReminder } from "../data/reminders";
import { useTasks, type Task } from "../data/tasks";
import { Icon } from "../parts/icon";
import { PageHead } from "../parts/page";
import { ReminderRow } from "../parts/reminder-row";
import { useTaskAddress } from "../parts/shell";
import { Failure, Skeleton } from "../parts/states";
import { TaskRow } from "../parts/task-row";
import { addDays, dayOf, showLongDay, showMonth, showWeekday, today, type Day } from "../time";
import { locale, words } from "../words";

const said = words.calendar;

interface Content {
  tasks: Task[];
  reminders: ListedReminder[];
}
const NOTHING: Content = { tasks: [], reminders: [] };

const weekday = (day: Day) => new Date(`${day}T00:00:00Z`).getUTCDay();

/** First day of the week, 0 for Sunday, where the browser knows it; Monday otherwise. */
function firstWeekday(): number {
  const info = new Intl.Locale(locale) as Intl.Locale & { getWeekInfo?: () => { firstDay: number }; weekInfo?: { firstDay: number } };
  return (info.getWeekInfo?.().firstDay ?? info.weekInfo?.firstDay ?? 1) % 7;
}

/** The six weeks around a month. */
export function weeksOf(day: Day): Day[][] {
  const first = `${day.slice(0, 7)}-01`;
  const start = addDays(first, -((weekday(first) - firstWeekday() + 7) % 7));
  return Array.from({ length: 6 }, (_, week) => Array.from({ length: 7 }, (_day, index) => addDays(start, week * 7 + index)));
}

/** The same day of another month, or its last one. */
function moveMonth(day: Day, months: number): Day {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(date, last))).toISOString().slice(0, 10);
}

const KEYS: Record<string, (day: Day) => Day> = {
  ArrowLeft: (day) => addDays(day, -1),
  ArrowRight: (day) => addDays(day, 1),
  ArrowUp: (day) => addDays(day, -7),
  ArrowDown: (day) => addDays(day, 7),
  PageUp: (day) => moveMonth(day, -1),
  PageDown: (day) => moveMonth(day, 1),
};

export function Calendar() {
  const { query, route } = useLocation();
  const { openTask } = useTaskAddress();
  const chosen = /^\d{4}-\d\d-\d\d$/.test(query["day"] ?? "") ? (query["day"] as Day) : today();
  const weeks = weeksOf(chosen);
  const from = weeks[0]?.[0] ?? chosen;
  const tasks = useTasks({ dueAfter: from, dueBefore: addDays(from, 42), sort: "dueDate" }, 500);
  const reminders = useReminders();
  const content = new Map<Day, Content>();
  const on = (day: Day) => {
    const found = content.get(day) ?? { tasks: [], reminders: [] };
    content.set(day, found);
    return found;
  };
  for (const task of tasks.data?.pages.flatMap((page) => page.tasks) ?? []) {
    if (task.dueDate) on(dayOf(task.dueDate)).tasks.push(task);
  }
  for (const reminder of reminders.data?.pages.flatMap((page) => page.reminders) ?? []) {
    on(dayOf(reminder.scheduledAt)).reminders.push(reminder);
  }
  const choose = (day: Day) => route(`/calendar?day=${day}`, true);
  const failed = tasks.error ?? reminders.error;
  // The tasks of the month before are still there while those of this one load.
  const isKnown = tasks.data !== undefined && !tasks.isPlaceholderData && reminders.data !== undefined;
  const isPaused = tasks.fetchStatus === "paused" || reminders.fetchStatus === "paused";
  const day = content.get(chosen) ?? NOTHING;
  return (
    <>
      <PageHead title={said.title}>
        <button type="button" class="quiet" aria-label={said.previous} onClick={() => choose(moveMonth(chosen, -1))}>
          <Icon name="left" />
        </button>
        <button type="button" onClick={() => choose(today())}>
          {said.today}
        </button>
        <button type="button" class="quiet" aria-label={said.next} onClick={() => choose(moveMonth(chosen, 1))}>
          <Icon name="right" />
        </button>
      </PageHead>
      {failed && !isKnown && <Failure error={failed} retry={() => (void tasks.refetch(), void reminders.refetch())} />}
      <div class="calendar">
        <section class="card">
          <h2 aria-live="polite">{showMonth(chosen)}</h2>
          <Month weeks={weeks} chosen={chosen} content={content} isKnown={isKnown} choose={choose} />
        </section>
        <section class="card" aria-live="polite">
          <header class="card-head">
            <h2>{showLongDay(chosen)}</h2>
          </header>
          {isKnown && day.tasks.length + day.reminders.length === 0 && <p class="faint">{said.nothing}</p>}
          {!isKnown && isPaused && <p class="faint">{words.errors.offline}</p>}
          {!isKnown && !isPaused && !failed && <Skeleton rows={3} />}
          {day.tasks.length > 0 && (
            <ul class="tasks">
              {day.tasks.map((task) => (
                <TaskRow key={task.id} task={task} />
              ))}
            </ul>
          )}
          {day.reminders.length > 0 && (
            <>
              <h3>{words.reminders.title}</h3>
              <ul class="tasks">
                {day.reminders.map((reminder) => (
                  <ReminderRow key={reminder.id} reminder={reminder} />
                ))}
              </ul>
            </>
          )}
          <button type="button" onClick={() => openTask("new", chosen)}>
            <Icon name="plus" />
            {said.addOn}
          </button>
        </section>
      </div>
    </>
  );
}

interface MonthProps {
  weeks: Day[][];
  chosen: Day;
  content: Map<Day, Content>;
  /** Whether `content` is complete. */
  isKnown: boolean;
  choose: (day: Day) => void;
}

/** A grid of days: one of them can be reached by Tab, the arrow keys move within. */
function Month({ weeks, chosen, content, isKnown, choose }: MonthProps) {
  const grid = useRef<HTMLTableElement>(null);
  const moved = useRef(false);
  // Keys may come faster than the address follows.
  const latest = useRef(chosen);
  latest.current = chosen;
  // Before the next key can arrive: a passive effect of this day would take `moved` away from the day after it.
  useLayoutEffect(() => {
    if (moved.current) grid.current?.querySelector<HTMLElement>("[tabindex='0']")?.focus();
    moved.current = false;
  }, [chosen]);
  const onKeyDown = (event: KeyboardEvent) => {
    const move = KEYS[event.key];
    if (!move || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    moved.current = true;
    latest.current = move(latest.current);
    choose(latest.current);
  };
  return (
    <table class="month" role="grid" aria-label={said.grid(showMonth(chosen))} aria-busy={!isKnown} ref={grid} onKeyDown={onKeyDown}>
      <thead>
        <tr>
          {(weeks[0] ?? []).map((day) => (
            <th key={day} scope="col" abbr={showWeekday(day, "long")}>
              {showWeekday(day, "short")}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeks.map((week) => (
          <tr key={week[0]}>
            {week.map((day) => (
              <Cell key={day} day={day} isChosen={day === chosen} isOther={day.slice(0, 7) !== chosen.slice(0, 7)} content={content.get(day) ?? NOTHING} isKnown={isKnown} choose={choose} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Titles that fit into a cell. */
const FITTING = 2;

interface CellProps {
  day: Day;
  isChosen: boolean;
  isOther: boolean;
  content: Content;
  isKnown: boolean;
  choose: (day: Day) => void;
}

function Cell({ day, isChosen, isOther, content, isKnown, choose }: CellProps) {
  const { tasks, reminders } = content;
  const rest = tasks.length - FITTING;
  return (
    <td aria-selected={isChosen} class={isOther ? "other" : ""}>
      <button type="button" tabIndex={isChosen ? 0 : -1} aria-current={day === today() ? "date" : undefined} onClick={() => choose(day)}>
        <span class="hidden">{isKnown ? said.day(showLongDay(day), tasks.length, reminders.length) : showLongDay(day)}</span>
        <span class="date" aria-hidden="true">
          {Number(day.slice(8))}
        </span>
        <span class="dots" aria-hidden="true">
          {tasks.length > 0 && <span class="dot task-dot" />}
          {reminders.length > 0 && <span class="dot reminder-dot" />}
        </span>
        {tasks.slice(0, FITTING).map((task) => (
          <span key={task.id} class={`event ${task.status === "completed" ? "done" : ""}`} aria-hidden="true" dir="auto">
            {task.title}
          </span>
        ))}
        {rest > 0 && (
          <span class="event more-events" aria-hidden="true">
            +{rest}
          </span>
        )}
      </button>
    </td>
  );
}
