import { useInfiniteQuery, useQuery, type InfiniteData } from "@tanstack/preact-query";
import { data, type components } from "@spacedly/client";

import { cache, spacedly } from "../api";

export type Notification = components["schemas"]["Notification"];

interface Page {
  notifications: Notification[];
  nextCursor: string | null;
}
type Pages = InfiniteData<Page, string | undefined>;

const { api } = spacedly;
const LIST = ["notifications", "list"];

export const useNotifications = () =>
  useInfiniteQuery({
    queryKey: LIST,
    queryFn: ({ pageParam }) =>
      data(api.GET("/api/notifications", { params: { query: pageParam ? { cursor: pageParam } : {} } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: Page) => page.nextCursor ?? undefined,
  });

/** Asked once a minute while the page is in sight. */
export const useUnread = () =>
  useQuery({
    queryKey: ["notifications", "count"],
    queryFn: async () => (await data(api.GET("/api/notifications/count"))).count,
    refetchInterval: 60_000,
  });

const refresh = () => cache.invalidateQueries({ queryKey: ["notifications"] });

function rewrite(change: (one: Notification) => Notification | undefined): void {
  cache.setQueryData<Pages>(LIST, (pages) =>
    pages && {
      ...pages,
      pages: pages.pages.map((page) => ({ ...page, notifications: page.notifications.flatMap((one) => change(one) ?? []) })),
    },
  );
}

async function settle(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } finally {
    await refresh();
  }
}

export function markRead(id: string): Promise<void> {
  rewrite((one) => (one.id === id ? { ...one, isRead: true } : one));
  return settle(data(api.PATCH("/api/notifications/{id}/read", { params: { path: { id } } })));
}

export function markAllRead(): Promise<void> {
  rewrite((one) => ({ ...one, isRead: true }));
  return settle(data(api.PATCH("/api/notifications/read-all")));
}

export const hideNotification = (id: string) => {
  const before = cache.getQueryData<Pages>(LIST);
  rewrite((one) => (one.id === id ? undefined : one));
  return () => void cache.setQueryData(LIST, before);
};

export const deleteNotification = (id: string) =>
  settle(data(api.DELETE("/api/notifications/{id}", { params: { path: { id } } })));
