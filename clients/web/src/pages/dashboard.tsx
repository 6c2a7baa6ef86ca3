import { data } from "@spacedly/client";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

import type { PageProps } from "../app";
import { spacedly } from "../api";
import { useAnalytics, useStreaks } from "../data/analytics";
import { useReminders } from "../data/reminders";
import { useTasks } from "../data/tasks";
import { useAction } from "../data/user";
import { BarChart, Tile } from "../parts/chart";
import { PageHead } from "../parts/page";
import { ReminderRow } from "../parts/reminder-row";
import { isOpenReview, ReviewQueue } from "../parts/reviews";
import { Loaded } from "../parts/states";
import { TaskRow } from "../parts/task-row";
import { fail, toast } from "../parts/toasts";
import { addDays, clockOf, dayOf, now, today } from "../time";
import { words } from "../words";
import { QuickAdd } from "./tasks";

const said = words.dashboard;
/** Most rows of a list. */
const FEW = 6;

interface SectionProps {
  title: string;
  href?: string;
  link?: string;
  name?: string;
  children: ComponentChildren;
}

function Section({ title, href, link, name = "", children }: SectionProps) {
  const id = useId();
  return (
    <section class={`card ${name}`} aria-labelledby={id}>
      <header class="card-head">
        <h2 id={id}>{title}</h2>
        {href && <a href={href}>{link}</a>}
      </header>
      {children}
    </section>
  );
}

export function Dashboard({ me }: PageProps) {
  const hour = Number(clockOf(now()).slice(0, 2));
  return (
    <>
      <PageHead title={said.greeting(hour, me.name.split(" ")[0] ?? me.name)} />
      {!me.email_verified && <Verify />}
      <QuickAdd />
      <div class="dashboard">
        <div>
          <DueTasks />
        </div>
        <div>
          <Numbers />
          <NextReminders />
        </div>
      </div>
    </>
  );
}

function Verify() {
  const resend = useAction(
    () => data(spacedly.api.POST("/api/auth/resend-verification")),
    () => toast(words.settings.verificationSent),
  );
  return (
    <div class="notice">
      <p>{said.verify}</p>
      <button type="button" disabled={resend.isPending} onClick={() => resend.mutate(undefined, { onError: fail })}>
        {said.resend}
      </button>
    </div>
  );
}

/** Overdue, today and the week after, in one look at the API. */
function DueTasks() {
  const base = today();
  const tasks = useTasks({ status: ["todo", "in-progress"], dueBefore: addDays(base, 8), sort: "dueDate" });
  return (
    <Loaded query={tasks} rows={6}>
      {({ pages }) => {
        const all = pages.flatMap((page) => page.tasks).flatMap((task) => (task.dueDate ? [{ task, due: task.dueDate }] : []));
        const late = all.filter(({ due }) => Date.parse(due) < now());
        const due = all.filter(({ due: at }) => Date.parse(at) >= now() && dayOf(at) === base);
        const ahead = all.filter(({ due: at }) => dayOf(at) > base);
        const list = (members: typeof all) => (
          <ul class="tasks">
            {members.slice(0, FEW).map(({ task }) => (
              <TaskRow key={task.id} task={task} />
            ))}
          </ul>
        );
        return (
          <>
            <Section title={said.today} href="/tasks" link={said.allTasks}>
              {due.length > 0 ? list(due) : <p class="faint">{said.nothingToday}</p>}
            </Section>
            {late.length > 0 && (
              <Section title={`${said.overdue} (${late.length})`} href={`/tasks?to=${base}`} link={said.allTasks}>
                {list(late)}
              </Section>
            )}
            <Section title={said.upcoming} href={`/tasks?from=${addDays(base, 1)}&to=${addDays(base, 7)}`} link={said.allTasks}>
              {ahead.length > 0 ? list(ahead) : <p class="faint">{said.nothingAhead}</p>}
            </Section>
          </>
        );
      }}
    </Loaded>
  );
}

function Numbers() {
  const totals = useAnalytics();
  const streaks = useStreaks();
  const query = {
    data: totals.data && streaks.data ? { totals: totals.data, streaks: streaks.data } : undefined,
    error: totals.error ?? streaks.error,
    refetch: () => Promise.all([totals.refetch(), streaks.refetch()]),
  };
  return (
    <Section name="numbers" title={words.analytics.title} href="/analytics" link={said.allAnalytics}>
      <Loaded query={query} rows={3}>
        {(found) => (
          <>
            <dl class="tiles">
              <Tile icon="flame" label={words.analytics.streak} value={words.analytics.days(found.streaks.active)} />
              <Tile icon="check" label={words.analytics.completed} value={found.totals.completedReminders} />
            </dl>
            <BarChart title={words.analytics.daily} label={words.analytics.day} unit={words.analytics.done} bars={found.totals.dailyData.map(({ date, completed }) => ({ label: date, value: completed }))} />
          </>
        )}
      </Loaded>
    </Section>
  );
}

/** What reminders ask for now, and the next ones. */
function NextReminders() {
  const reminders = useReminders();
  const all = reminders.data?.pages.flatMap((page) => page.reminders) ?? [];
  const reviews = all.filter(isOpenReview);
  const next = all.filter((one) => one.status === "pending" && Date.parse(one.scheduledAt) > now() && !isOpenReview(one));
  return (
    <>
      {reviews.length > 0 && (
        <Section title={`${words.reviews.due} (${reviews.length})`} href="/reminders?show=reviews" link={words.reviews.allReviews}>
          <ReviewQueue reviews={reviews.slice(0, FEW)} />
        </Section>
      )}
      <Section title={said.nextReminders} href="/reminders" link={said.allReminders}>
        <Loaded query={reminders} rows={3}>
          {() =>
            next.length === 0 ? (
              <p class="faint">{said.noReminders}</p>
            ) : (
              <ul class="tasks">
                {next.slice(0, FEW).map((reminder) => (
                  <ReminderRow key={reminder.id} reminder={reminder} withDay />
                ))}
              </ul>
            )
          }
        </Loaded>
      </Section>
    </>
  );
}
