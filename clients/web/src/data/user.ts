import { useMutation, useQuery } from "@tanstack/preact-query";
import { data, hasCode, type components } from "@spacedly/client";

import { cache, spacedly } from "../api";
import { setAskedForExport, useHasAskedForExport } from "../preferences";

export type User = components["schemas"]["User"];
export type Session = components["schemas"]["Session"];
export type Export = components["schemas"]["Export"];

const { api } = spacedly;

export async function fetchMe(): Promise<User> {
  const { user } = await data(api.GET("/api/user/me"));
  spacedly.confirmSession();
  return user;
}

export const useMe = () => useQuery({ queryKey: ["me"], queryFn: fetchMe, staleTime: 60_000 });

export const keepMe = (user: User) => cache.setQueryData(["me"], user);

interface Changes {
  name?: string;
  timezone?: string;
  morning_digest?: { enabled?: boolean; time?: string };
}

/** Changes the account; a new zone moves days, so everything is read again. */
export async function changeMe(body: Changes): Promise<void> {
  const { user } = await data(api.PATCH("/api/user/me", { body }));
  keepMe(user);
  if (body.timezone) {
    await cache.invalidateQueries();
  }
}

export const useSessions = () =>
  useQuery({
    queryKey: ["sessions"],
    queryFn: async () => (await data(api.GET("/api/user/sessions"))).sessions,
  });

export const endSession = (id: string) => data(api.DELETE("/api/user/sessions/{id}", { params: { path: { id } } }));
export const endOtherSessions = () => data(api.DELETE("/api/user/sessions"));

/** The newest export that was asked for here, or null; asks again while it is being made. */
export const useExport = () =>
  useQuery({
    queryKey: ["export"],
    enabled: useHasAskedForExport(),
    queryFn: async (): Promise<Export | null> => {
      try {
        return await data(api.GET("/api/user/export"));
      } catch (error) {
        if (!hasCode(error, "NOT_FOUND")) throw error;
        setAskedForExport(false);
        return null;
      }
    },
    refetchInterval: (query) => (query.state.data?.status === "pending" ? 2_000 : false),
  });

/** A proof of who asks, where there is a password. */
export const proof = (password: string) => (password ? { password } : {});

/** Something to do once, with its progress and failure; `then` is for what only a success brings. */
export function useAction<V, R>(work: (variables: V) => Promise<R>, then?: (result: R) => void) {
  return useMutation({ mutationFn: work, ...(then && { onSuccess: then }) });
}
