import { useLocation } from "preact-iso";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { createTask, useTasks, type Filters, type Priority, type Sort, type Status, type Task } from "../data/tasks";
import { atMost, FieldProblem, Problem, Submit, useSubmit } from "../parts/form";
import { Icon } from "../parts/icon";
import { PageHead } from "../parts/page";
import { useTaskAddress } from "../parts/shell";
import { Empty, Loaded } from "../parts/states";
import { TaskFilters } from "../parts/task-filters";
import { TaskRow } from "../parts/task-row";
import { toast } from "../parts/toasts";
import { addDays, dayOf, now, today } from "../time";
import { words } from "../words";

const said = words.tasks;
type Group = keyof typeof said.groups;

/** The filters that an address names. Without any it shows what is open. */
export function filtersOf(query: Record<string, string>): Filters {
  const list = <T extends string>(name: string) => (query[name] ? (query[name].split(",") as T[]) : undefined);
  const status = list<Status>("status") ?? (["todo", "in-progress"] as Status[]);
  const priority = list<Priority>("priority");
  const filters: Filters = {
    sort: (query["sort"] as Sort | undefined) ?? "dueDate",
    ...(query["status"] !== "all" && { status }),
    ...(priority && { priority }),
    ...(query["category"] && { category: [query["category"]] }),
    ...(query["q"] && { q: query["q"] }),
    ...(query["from"] && { dueAfter: query["from"] }),
    // Both days of a range belong to it; the API's bound does not.
    ...(query["to"] && { dueBefore: addDays(query["to"], 1) }),
  };
  return filters;
}

function groupOf(task: Task): Group {
  if (task.status === "completed") return "completed";
  if (!task.dueDate) return "none";
  if (Date.parse(task.dueDate) < now()) return "overdue";
  const day = dayOf(task.dueDate);
  const base = today();
  if (day === base) return "today";
  if (day === addDays(base, 1)) return "tomorrow";
  return day <= addDays(base, 7) ? "week" : "later";
}

function grouped(tasks: Task[], sort: Sort | undefined): [Group, Task[]][] {
  if (sort && sort !== "dueDate") return [["all", tasks]];
  const groups = byGroup(tasks);
  const order: Group[] = ["overdue", "today", "tomorrow", "week", "later", "none", "completed"];
  return order.flatMap((group) => {
    const found = groups.get(group);
    return found ? [[group, found] as [Group, Task[]]] : [];
  });
}

function byGroup(tasks: Task[]): Map<Group, Task[]> {
  const groups = new Map<Group, Task[]>();
  for (const task of tasks) groups.set(groupOf(task), [...(groups.get(groupOf(task)) ?? []), task]);
  return groups;
}

export function Tasks() {
  const { query, route } = useLocation();
  const filters = filtersOf(query);
  const isNarrowed = ["q", "status", "priority", "category", "from", "to"].some((name) => query[name]);
  const tasks = useTasks(filters);
  const set = (changes: Record<string, string | undefined>) => {
    const next = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries({ ...changes, focus: undefined })) {
      if (value) next.set(name, value);
      else next.delete(name);
    }
    route(next.size ? `/tasks?${next}` : "/tasks", true);
  };
  return (
    <>
      <PageHead title={said.title} />
      <QuickAdd />
      <Search value={query["q"] ?? ""} focus={query["focus"] === "search"} onChange={(q) => set({ q })} />
      <TaskFilters query={query} set={set} />
      <Loaded query={tasks} rows={8}>
        {({ pages }) => {
          const shown = pages.flatMap((page) => page.tasks);
          return (
            <div aria-busy={tasks.isPlaceholderData}>
              <p class="hidden" role="status">
                {said.shown(shown.length)}
              </p>
              {shown.length === 0 && !tasks.hasNextPage && (
                <Empty icon="tasks" title={isNarrowed ? said.noMatchTitle : said.emptyTitle}>
                  {isNarrowed ? said.noMatch : said.empty}
                  {!isNarrowed && <span class="keys-only"> {said.emptyKeys}</span>}
                </Empty>
              )}
              {grouped(shown, filters.sort).map(([group, members]) => (
                <section key={group} class="group">
                  <h2 class={group === "overdue" ? "bad" : ""}>
                    {said.groups[group]} <span class="count">{members.length}</span>
                  </h2>
                  <ul class="tasks">
                    {members.map((task) => (
                      <TaskRow key={task.id} task={task} />
                    ))}
                  </ul>
                </section>
              ))}
              {tasks.hasNextPage && (
                <button type="button" class="more" disabled={tasks.isFetchingNextPage} onClick={() => void tasks.fetchNextPage()}>
                  {tasks.isFetchingNextPage ? words.common.loading : said.more}
                </button>
              )}
            </div>
          );
        }}
      </Loaded>
    </>
  );
}

/** A task by its title alone. */
export function QuickAdd() {
  const { openTask } = useTaskAddress();
  const form = useSubmit(async ({ title = "" }, element) => {
    if (title.trim().length < 3) throw new FieldProblem("title", said.titleTooShort);
    const task = await createTask({ title });
    toast(said.createdToast(task.title), { label: words.common.open, run: () => openTask(task.id) });
    element.reset();
    element.querySelector("input")?.focus();
  });
  const error = form.errors["title"];
  return (
    <form class="quick" onSubmit={form.onSubmit} noValidate>
      <div class="quick-line">
        <Icon name="plus" />
        <input name="title" aria-label={said.quickAdd} placeholder={said.quickAdd} maxLength={atMost(200)} autocomplete="off" dir="auto" aria-invalid={Boolean(error)} aria-describedby={error ? "quick-error" : undefined} />
        <Submit busy={form.busy}>{said.quickAddButton}</Submit>
      </div>
      {error && (
        <p id="quick-error" class="bad">
          {error}
        </p>
      )}
      <Problem>{form.problem}</Problem>
    </form>
  );
}

/** Searches a moment after the last letter. */
function Search({ value, focus, onChange }: { value: string; focus: boolean; onChange: (q: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  /** What the address has of this field's doing: it must not overwrite what has been typed since. */
  const sent = useRef(value);
  useLayoutEffect(() => {
    if (focus) input.current?.focus();
  }, [focus]);
  useEffect(() => () => clearTimeout(timer.current), []);
  useLayoutEffect(() => {
    if (value !== sent.current) setText(value);
    sent.current = value;
  }, [value]);
  return (
    <div class="search" role="search">
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        value={text}
        maxLength={atMost(200)}
        aria-label={said.search}
        placeholder={said.searchHint}
        dir="auto"
        onInput={(event) => {
          const { value: typed } = event.currentTarget;
          setText(typed);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => {
            sent.current = typed.trim();
            onChange(sent.current);
          }, 250);
        }}
      />
    </div>
  );
}
