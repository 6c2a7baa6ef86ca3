import { useQuery } from "@tanstack/preact-query";
import { data } from "@spacedly/client";

import { spacedly } from "../api";

const { api } = spacedly;

export const useAnalytics = () =>
  useQuery({ queryKey: ["analytics", "totals"], queryFn: () => data(api.GET("/api/analytics")) });

export const useStreaks = () =>
  useQuery({ queryKey: ["analytics", "streaks"], queryFn: () => data(api.GET("/api/analytics/streaks")) });
