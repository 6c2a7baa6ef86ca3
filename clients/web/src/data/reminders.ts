import { useInfiniteQuery, useQuery } from "@tanstack/preact-query";
import { useEffect } from "preact/hooks";
import { data, etag, type components } from "@spacedly/client";

import { cache, spacedly } from "../api";

export type Reminder = components["schemas"]["Reminder"];
export type ListedReminder = components["schemas"]["ListedReminder"];
export type ReminderType = Reminder["type"];
export type Delivery = Reminder["delivery"];

/** What can be written of a reminder. It has a time of its own, or one so many minutes before its task is due. */
export interface Changes {
  scheduledAt?: string;
  offsetMinutes?: number | null;
  /** So long before its time it is sent. */
  leadMinutes?: number;
  type?: ReminderType;
  message?: string | null;
  status?: Reminder["status"];
}

const { api } = spacedly;

/** Pages of up to 500 reminders that are read without being asked for. */
const MOST_PAGES = 20;

/** All reminders by time. The oldest come first, so that what is ahead may be on a later page: they follow by themselves. */
export function useReminders() {
  const query = useInfiniteQuery({
    queryKey: ["reminders"],
    queryFn: ({ pageParam }) => data(api.GET("/api/reminders", { params: { query: pageParam ? { cursor: pageParam } : {} } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
  const { hasNextPage, isFetching, isError, fetchNextPage } = query;
  const pages = query.data?.pages.length ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetching && !isError && pages < MOST_PAGES) void fetchNextPage();
  }, [hasNextPage, isFetching, isError, pages]);
  return query;
}

export const useTaskReminders = (id: string) =>
  useQuery({
    queryKey: ["reminders", "of", id],
    queryFn: async () => (await data(api.GET("/api/tasks/{id}/reminders", { params: { path: { id } } }))).reminders,
  });

function refresh(): void {
  for (const key of ["reminders", "tasks", "task", "analytics", "notifications"]) {
    void cache.invalidateQueries({ queryKey: [key] });
  }
}

export async function createReminder(body: Changes & { taskId: string }) {
  const params = { header: { "Idempotency-Key": crypto.randomUUID() } };
  const { reminder } = await data(api.POST("/api/reminders", { params, body }));
  refresh();
  return reminder;
}

export async function changeReminder(reminder: Reminder | ListedReminder, body: Changes): Promise<Reminder> {
  const params = { path: { id: reminder.id }, header: { "If-Match": etag(reminder) } };
  try {
    return (await data(api.PUT("/api/reminders/{id}", { params, body }))).reminder;
  } finally {
    refresh();
  }
}

/** Puts a reminder off by minutes, or until an instant. */
export async function snoozeReminder(reminder: Reminder | ListedReminder, body: { minutes: number } | { until: string }): Promise<Reminder> {
  const params = { path: { id: reminder.id }, header: { "If-Match": etag(reminder) } };
  try {
    return (await data(api.POST("/api/reminders/{id}/snooze", { params, body }))).reminder;
  } finally {
    refresh();
  }
}

export type Rating = "again" | "hard" | "good" | "easy";

/** Rates the open review; what it returns is the next one. */
export async function rateReview(id: string, rating: Rating): Promise<Reminder> {
  const params = { path: { id }, header: { "Idempotency-Key": crypto.randomUUID() } };
  try {
    return (await data(api.POST("/api/reminders/{id}/review", { params, body: { rating } }))).reminder;
  } finally {
    refresh();
  }
}

export async function deleteReminder(id: string): Promise<void> {
  await data(api.DELETE("/api/reminders/{id}", { params: { path: { id } } }));
  refresh();
}
