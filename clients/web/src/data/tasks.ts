import { keepPreviousData, useInfiniteQuery, useQuery, type InfiniteData } from "@tanstack/preact-query";
import { data, etag, type components } from "@spacedly/client";

import { cache, spacedly } from "../api";

export type Task = components["schemas"]["Task"];
export type Status = Task["status"];
export type Priority = Task["priority"];
export type Occurrence = components["schemas"]["Occurrence"];
export type Outcome = Occurrence["outcome"];
export type Sort = "dueDate" | "-dueDate" | "createdAt" | "-createdAt";

/** What a list of tasks can be narrowed by; days are plain dates in the user's zone, both included. */
export interface Filters {
  q?: string;
  status?: Status[];
  priority?: Priority[];
  category?: string[];
  dueAfter?: string;
  dueBefore?: string;
  sort?: Sort;
}

/** What can be written of a task; null clears. */
export interface Changes {
  title?: string;
  description?: string | null;
  dueDate?: string | null;
  priority?: Priority;
  status?: Status;
  category?: string | null;
  link?: string | null;
  recurrence?: Task["recurrence"];
}

interface Page {
  tasks: Task[];
  nextCursor: string | null;
}

const { api } = spacedly;
const PAGE = 100;

async function fetchPage(filters: Filters, cursor: string | undefined, limit: number): Promise<Page> {
  const query = { ...filters, limit, ...(cursor && { cursor }) };
  const page = await data(api.GET("/api/tasks", { params: { query } }));
  // Without `fields` every task is whole.
  return page as Page;
}

/** A list that grows by pages. Keeps what it shows while other filters load. */
export const useTasks = (filters: Filters, limit = PAGE) =>
  useInfiniteQuery({
    queryKey: ["tasks", filters, limit],
    queryFn: ({ pageParam }) => fetchPage(filters, pageParam, limit),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: keepPreviousData,
  });

export const fetchTask = async (id: string): Promise<Task> =>
  (await data(api.GET("/api/tasks/{id}", { params: { path: { id } } }))).task;

export const useTask = (id: string) =>
  useQuery({ queryKey: ["task", id], queryFn: () => fetchTask(id), initialData: () => cached(id), initialDataUpdatedAt: 0 });

type Pages = InfiniteData<Page, string | undefined>;

/** A task as some list has it. */
export function cached(id: string): Task | undefined {
  const kept = cache.getQueryData<Task>(["task", id]);
  if (kept) return kept;
  for (const [, pages] of cache.getQueriesData<Pages>({ queryKey: ["tasks"] })) {
    for (const page of pages?.pages ?? []) {
      const found = page.tasks.find((task) => task.id === id);
      if (found) return found;
    }
  }
  return undefined;
}

/** Changes every list: `change` returns the task as it is now, or undefined where it is gone. */
function rewrite(id: string, change: (task: Task) => Task | undefined): void {
  cache.setQueriesData<Pages>({ queryKey: ["tasks"] }, (pages) =>
    pages && {
      ...pages,
      pages: pages.pages.map((page) => ({
        ...page,
        tasks: page.tasks.flatMap((task) => (task.id === id ? (change(task) ?? []) : task)),
      })),
    },
  );
  cache.setQueryData<Task>(["task", id], (task) => task && change(task));
}

/** Reads again what a change of tasks touches. */
export function refresh(...also: string[]): void {
  for (const key of ["tasks", "analytics", ...also]) {
    void cache.invalidateQueries({ queryKey: [key] });
  }
}

export const keep = (task: Task) => {
  cache.setQueryData(["task", task.id], task);
  rewrite(task.id, () => task);
};

export async function createTask(body: Changes & { title: string }): Promise<Task> {
  const params = { header: { "Idempotency-Key": crypto.randomUUID() } };
  const { task } = await data(api.POST("/api/tasks", { params, body }));
  cache.setQueryData(["task", task.id], task);
  refresh();
  return task;
}

/**
 * Changes a task, shown at once and taken back if it fails.
 *
 * @throws {ApiError} `PRECONDITION_FAILED` if it is no longer as `task` says; the caches then hold it as it is.
 */
export async function changeTask(task: Task, changes: Changes): Promise<Task> {
  await cache.cancelQueries({ queryKey: ["tasks"] });
  rewrite(task.id, (shown) => ({ ...shown, ...withoutDay(changes) }));
  try {
    const params = { path: { id: task.id }, header: { "If-Match": etag(task) } };
    const { task: changed } = await data(api.PUT("/api/tasks/{id}", { params, body: changes }));
    keep(changed);
    refresh("reminders", "notifications", "occurrences");
    return changed;
  } catch (error) {
    rewrite(task.id, () => task);
    void cache.invalidateQueries({ queryKey: ["task", task.id] });
    refresh();
    throw error;
  }
}

/** A plain day becomes an instant only at the server. */
function withoutDay({ dueDate, ...changes }: Changes): Partial<Task> {
  const known = dueDate === undefined || (dueDate !== null && dueDate.length <= 10) ? {} : { dueDate };
  return { ...(changes as Partial<Task>), ...known };
}

/**
 * Completes or skips the occurrence that `task` shows, which takes the task to its next one.
 *
 * @returns The task as it is then, and whether this did it: false where it had another occurrence by then.
 */
export async function endOccurrence({ id, dueDate: occurrence }: Task, outcome: Outcome): Promise<{ task: Task; wasOpen: boolean }> {
  const params = { path: { id } };
  const end = async () => {
    if (outcome === "skipped") {
      const { task, skippedOccurrence } = await data(api.POST("/api/tasks/{id}/skip", { params, body: { occurrence } }));
      return { task, wasOpen: skippedOccurrence !== null };
    }
    const { task, completedOccurrence } = await data(api.PUT("/api/tasks/{id}", { params, body: { status: "completed", occurrence } }));
    return { task, wasOpen: completedOccurrence !== null };
  };
  try {
    const ended = await end();
    keep(ended.task);
    return ended;
  } finally {
    refresh("reminders", "notifications", "occurrences");
  }
}

/** The past occurrences of a task that recurs, newest first. */
export const useOccurrences = (id: string) =>
  useInfiniteQuery({
    queryKey: ["occurrences", id],
    queryFn: ({ pageParam }) =>
      data(api.GET("/api/tasks/{id}/occurrences", { params: { path: { id }, query: pageParam ? { cursor: pageParam } : {} } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

export type Plan = NonNullable<Task["plan"]>;
export type PlanBody = { time: string | null } & ({ kind: "fixed"; days: number[] } | { kind: "fsrs"; retention: number });

/** Plans spaced reviews of a task, or changes its plan. */
export async function setPlan(task: Task, body: PlanBody): Promise<void> {
  const params = { path: { id: task.id }, header: { "If-Match": etag(task) } };
  try {
    keep((await data(api.PUT("/api/tasks/{id}/plan", { params, body }))).task);
  } finally {
    refresh("task", "reminders");
  }
}

export async function endPlan({ id }: Task): Promise<void> {
  keep((await data(api.DELETE("/api/tasks/{id}/plan", { params: { path: { id } } }))).task);
  refresh("reminders");
}

/** Takes a task out of the lists; what it returns puts it back. */
export function hideTask(task: Task): () => void {
  const before = cache.getQueriesData<Pages>({ queryKey: ["tasks"] });
  rewrite(task.id, () => undefined);
  return () => before.forEach(([key, pages]) => cache.setQueryData(key, pages));
}

export async function deleteTask({ id }: Task): Promise<void> {
  await data(api.DELETE("/api/tasks/{id}", { params: { path: { id } } }));
  cache.removeQueries({ queryKey: ["task", id] });
  refresh("reminders", "notifications");
}

export async function deleteAttachment(task: Task, id: string): Promise<void> {
  await data(api.DELETE("/api/attachments/{id}", { params: { path: { id } } }));
  rewrite(task.id, (shown) => ({ ...shown, attachments: shown.attachments.filter((one) => one.id !== id) }));
}
