import { data } from "@spacedly/client";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

import type { PageProps } from "../app";
import { spacedly } from "../api";
import { useAnalytics, useStreaks } from "../data/analytics";
import { useReminders } from "../data/reminders";
import { useTasks, type Filters, type Task } from "../data/tasks";
import { changeMe, useAction } from "../data/user";
import { BarChart, Tile } from "../parts/chart";
import { PageHead } from "../parts/page";
import { ReminderRow } from "../parts/reminder-row";
import { isOpenReview, ReviewQueue } from "../parts/reviews";
import { Loaded } from "../parts/states";
import { TaskRow } from "../parts/task-row";
import { fail, toast } from "../parts/toasts";
import { keepZone, useKeepsZone } from "../preferences";
import { addDays, browserZone, clockOf, dayOf, now, sameZone, today } from "../time";
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
      <ZoneChoice zone={me.timezone} />
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

/** Asks which zone to use where the account's is not the browser's: a new account has the default zone. */
function ZoneChoice({ zone }: { zone: string }) {
  const isKept = useKeepsZone(zone, browserZone);
  const use = useAction(
    () => changeMe({ timezone: browserZone }),
    () => toast(words.settings.saved),
  );
  if (isKept || sameZone(zone, browserZone)) return null;
  return (
    <div class="notice">
      <p>{said.zone(zone, browserZone)}</p>
      <div class="actions start">
        <button type="button" disabled={use.isPending} onClick={() => use.mutate(undefined, { onError: fail })}>
          {said.zoneUse(browserZone)}
        </button>
        <button type="button" class="quiet" onClick={() => keepZone(zone, browserZone)}>
          {said.zoneKeep(zone)}
        </button>
      </div>
    </div>
  );
}

interface Dated {
  task: Task;
  due: string;
}

const dated = ({ pages }: { pages: { tasks: Task[] }[] }): Dated[] =>
  pages.flatMap(({ tasks }) => tasks).flatMap((task) => (task.dueDate ? [{ task, due: task.dueDate }] : []));

/** Overdue, today and the week after. Earlier days have a query of their own, so that they never crowd out today. */
function DueTasks() {
  const base = today();
  const open: Filters = { status: ["todo", "in-progress"], sort: "dueDate" };
  const earlier = useTasks({ ...open, dueBefore: base });
  const coming = useTasks({ ...open, dueAfter: base, dueBefore: addDays(base, 8) });
  const query = {
    data: earlier.data && coming.data ? { earlier: dated(earlier.data), coming: dated(coming.data) } : undefined,
    error: earlier.error ?? coming.error,
    refetch: () => Promise.all([earlier.refetch(), coming.refetch()]),
  };
  return (
    <Loaded query={query} rows={6}>
      {(found) => {
        const late = [...found.earlier, ...found.coming.filter(({ due }) => Date.parse(due) < now())];
        const due = found.coming.filter(({ due: at }) => Date.parse(at) >= now() && dayOf(at) === base);
        const ahead = found.coming.filter(({ due: at }) => dayOf(at) > base);
        const lateCount = earlier.hasNextPage ? `${found.earlier.length}+` : late.length;
        const list = (members: Dated[]) => (
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
              <Section title={`${said.overdue} (${lateCount})`} href={`/tasks?to=${base}`} link={said.allTasks}>
                {list(late)}
              </Section>
            )}
            <Section title={said.upcoming} href={`/tasks?from=${addDays(base, 1)}&to=${addDays(base, 7)}`} link={said.allTasks}>
              {ahead.length > 0 ? list(ahead) : !coming.hasNextPage && <p class="faint">{said.nothingAhead}</p>}
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
