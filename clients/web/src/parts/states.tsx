/** What stands where data is not there: skeletons, failures, emptiness. */

import { hasCode } from "@spacedly/client";
import type { ComponentChildren } from "preact";

import { sentence } from "../errors";
import { words } from "../words";
import { Icon, type IconName } from "./icon";

export function Skeleton({ rows = 5 }: { rows?: number }) {
  return (
    <div class="skeleton" role="status" aria-label={words.common.loading}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} class="bone" />
      ))}
    </div>
  );
}

export function Failure({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <div class="notice failed" role="alert">
      <p>
        <strong>{words.common.couldNotLoad}</strong> {sentence(error)}
      </p>
      {/* What was deleted does not come back. */}
      {!hasCode(error, "NOT_FOUND") && (
        <button type="button" onClick={retry}>
          {words.common.retry}
        </button>
      )}
    </div>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <p class="empty-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}

interface Query<T> {
  data: T | undefined;
  error: unknown;
  refetch: () => unknown;
}

/** A query's data, its skeleton, or its failure. Data that is there stays, even if a later look fails. */
export function Loaded<T>({ query, rows, children }: { query: Query<T>; rows?: number; children: (data: T) => ComponentChildren }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return <Skeleton rows={rows ?? 5} />;
}
