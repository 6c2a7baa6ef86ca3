import { useAnalytics, useStreaks } from "../data/analytics";
import { BarChart, ShareChart, Tile } from "../parts/chart";
import { PageHead } from "../parts/page";
import { Loaded } from "../parts/states";
import { words } from "../words";

const said = words.analytics;

export function Analytics() {
  const totals = useAnalytics();
  const streaks = useStreaks();
  return (
    <>
      <PageHead title={said.title} />
      <Loaded query={totals} rows={6}>
        {(found) => (
          <>
            <section aria-label={said.totals}>
              <dl class="tiles">
                <Tile icon="tasks" label={said.totalTasks} value={found.totalTasks} />
                <Tile icon="check" label={said.completed} value={found.completedReminders} />
                <Tile icon="reminders" label={said.upcoming} value={found.upcomingReminders} />
                <Tile icon="notifications" label={said.overdue} value={found.overdueReminders} />
                <Tile icon="flame" label={said.streak} value={streaks.data ? said.days(streaks.data.active) : "–"} />
                <Tile icon="analytics" label={said.longest} value={streaks.data ? said.days(streaks.data.longest) : "–"} />
              </dl>
              {streaks.data?.active === 0 && <p class="hint">{said.noStreak}</p>}
            </section>
            <div class="grid">
              <section class="card">
                <h2>{said.daily}</h2>
                <BarChart title={said.daily} label={said.day} unit={said.done} bars={found.dailyData.map(({ date, completed }) => ({ label: date, value: completed }))} />
              </section>
              <section class="card">
                <h2>{said.weekly}</h2>
                <BarChart title={said.weekly} label={said.week} unit={said.done} bars={found.weeklyData.map(({ week, completed }) => ({ label: week, value: completed }))} />
              </section>
              <section class="card">
                <h2>{said.categories}</h2>
                {found.categoryData.length === 0 ? (
                  <p class="faint">{said.noCategories}</p>
                ) : (
                  <ShareChart title={said.categories} head={[said.category, said.tasks, said.share]} rows={found.categoryData.map(({ category, count, percent }) => ({ name: category, count, share: percent }))} />
                )}
              </section>
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}
