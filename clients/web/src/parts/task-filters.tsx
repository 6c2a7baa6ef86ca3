import { words } from "../words";
import { Input, Select } from "./form";
import { useCategories } from "./task-fields";

const said = words.tasks;

interface Props {
  /** The address's parameters, which hold the filters. */
  query: Record<string, string>;
  set: (changes: Record<string, string | undefined>) => void;
}

const STATUSES = [
  ["", said.open],
  ["todo", said.statuses.todo],
  ["in-progress", said.statuses["in-progress"]],
  ["completed", said.statuses.completed],
  ["all", words.common.all],
] as const;

export function TaskFilters({ query, set }: Props) {
  const categories = useCategories();
  const isNarrowed = ["priority", "category", "from", "to"].some((name) => query[name]);
  const anyPriority = ["", words.common.all] as const;
  return (
    <div class="filters">
      <div class="segments" role="group" aria-label={said.status}>
        {STATUSES.map(([value, text]) => (
          <button key={value} type="button" aria-pressed={(query["status"] ?? "") === value} onClick={() => set({ status: value })}>
            {text}
          </button>
        ))}
      </div>
      <details open={isNarrowed}>
        <summary>{said.filters}</summary>
        <div class="row">
          <Select label={said.priority} name="priority" value={query["priority"] ?? ""} options={[anyPriority, ...Object.entries(said.priorities)]} onChange={(priority) => set({ priority })} />
          <Select label={said.category} name="category" value={query["category"] ?? ""} options={[["", said.anyCategory], ...categories.map((name) => [name, name] as const)]} onChange={(category) => set({ category })} />
          <Input label={said.dueFrom} type="date" value={query["from"] ?? ""} onChange={(event) => set({ from: event.currentTarget.value })} />
          <Input label={said.dueTo} type="date" value={query["to"] ?? ""} onChange={(event) => set({ to: event.currentTarget.value })} />
          <Select label={said.sort} name="sort" value={query["sort"] ?? "dueDate"} options={Object.entries(said.sorts)} onChange={(sort) => set({ sort: sort === "dueDate" ? undefined : sort })} />
        </div>
        <button type="button" class="link" onClick={() => set({ priority: "", category: "", from: "", to: "", sort: "", status: "", q: "" })}>
          {said.clearFilters}
        </button>
      </details>
    </div>
  );
}
