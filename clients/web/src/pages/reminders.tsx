import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";

import { useReminders, type ListedReminder } from "../data/reminders";
import { PageHead } from "../parts/page";
import { ReminderRow } from "../parts/reminder-row";
import { isOpenReview, ReviewQueue } from "../parts/reviews";
import { Empty, Loaded } from "../parts/states";
import { dayOf, nearDay } from "../time";
import { words } from "../words";

const said = words.reminders;
/** Days shown at first; a year of reminders is not wanted all at once. */
const FIRST = 60;

function byDay(reminders: ListedReminder[]): [string, ListedReminder[]][] {
  const days = new Map<string, ListedReminder[]>();
  for (const reminder of reminders) {
    const day = dayOf(reminder.scheduledAt);
    days.set(day, [...(days.get(day) ?? []), reminder]);
  }
  return [...days];
}

export function Reminders() {
  const { query, route } = useLocation();
  const isPast = query["show"] === "past";
  const isReviews = query["show"] === "reviews";
  const reminders = useReminders();
  const [hidden, setHidden] = useState<readonly string[]>([]);
  const [most, setMost] = useState(FIRST);
  const hide = (id: string) => {
    setHidden((ids) => [...ids, id]);
    return () => setHidden((ids) => ids.filter((one) => one !== id));
  };
  return (
    <>
      <PageHead title={said.title} />
      <div class="segments" role="group" aria-label={said.title}>
        <button type="button" aria-pressed={!isPast && !isReviews} onClick={() => route("/reminders", true)}>
          {said.upcoming}
        </button>
        <button type="button" aria-pressed={isPast} onClick={() => route("/reminders?show=past", true)}>
          {said.past}
        </button>
        <button type="button" aria-pressed={isReviews} onClick={() => route("/reminders?show=reviews", true)}>
          {words.reviews.short}
        </button>
      </div>
      <Loaded query={reminders} rows={8}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.reminders).filter(({ id }) => !hidden.includes(id));
          // One that is late stays among the planned: it needs its user. One that was mailed early is done.
          const chosen = all.filter(({ status }) => (status !== "pending") === isPast);
          const open = all.filter(isOpenReview);
          // The open ones are above; the rest is to come.
          const shown = isReviews ? all.filter((one) => one.kind === "review" && !isOpenReview(one)) : isPast ? chosen.toReversed() : chosen;
          return (
            <>
              {isReviews && (
                <section class="group">
                  <h2>{words.reviews.due}</h2>
                  {open.length > 0 ? <ReviewQueue reviews={open} /> : <Empty icon="check" title={words.reviews.emptyTitle}>{shown.length === 0 && words.reviews.empty}</Empty>}
                </section>
              )}
              {!isReviews && shown.length === 0 && (
                <Empty icon="reminders" title={isPast ? said.emptyPast : said.emptyUpcoming}>
                  {isPast ? undefined : said.emptyUpcomingText}
                </Empty>
              )}
              {byDay(shown.slice(0, most)).map(([day, members]) => (
                <section key={day} class="group">
                  <h2>{nearDay(day)}</h2>
                  <ul class="tasks">
                    {members.map((reminder) => (
                      <ReminderRow key={reminder.id} reminder={reminder} hide={hide} />
                    ))}
                  </ul>
                </section>
              ))}
              {(shown.length > most || reminders.hasNextPage) && (
                <button
                  type="button"
                  class="more"
                  onClick={() => {
                    if (shown.length <= most + FIRST && reminders.hasNextPage) void reminders.fetchNextPage();
                    setMost(most + FIRST);
                  }}
                >
                  {words.common.more}
                </button>
              )}
            </>
          );
        }}
      </Loaded>
    </>
  );
}
