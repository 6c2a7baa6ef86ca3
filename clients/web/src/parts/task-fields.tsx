import { useState } from "preact/hooks";

import { useAnalytics } from "../data/analytics";
import type { Task } from "../data/tasks";
import { clockOf, dayOf, isEndOfDay } from "../time";
import { words } from "../words";
import { atMost, Field, Input, Select } from "./form";
import { RecurrenceFields } from "./recurrence-fields";

const said = words.tasks;

interface Props {
  task: Partial<Task>;
  errors: Record<string, string>;
  /** Called when the day is chosen or cleared. */
  onDay?: (has: boolean) => void;
}

/** Names of the categories that are in use. */
export function useCategories(): string[] {
  const { data } = useAnalytics();
  return (data?.categoryData ?? []).map(({ category }) => category).filter((name) => name !== "Uncategorized");
}

/** The fields of a task, filled once from `task`. */
export function TaskFields({ task, errors, onDay }: Props) {
  const [first] = useState(task);
  const categories = useCategories();
  const { dueDate } = first;
  const [day, setDay] = useState(dueDate ? dayOf(dueDate) : "");
  const chooseDay = (chosen: string) => {
    setDay(chosen);
    onDay?.(chosen !== "");
  };
  return (
    <>
      <Input label={said.fields.title} name="title" defaultValue={first.title} maxLength={atMost(200)} error={errors["title"]} autocomplete="off" dir="auto" required autofocus />
      <Field label={said.fields.description} optional error={errors["description"]}>
        {(ids) => <textarea {...ids} name="description" rows={3} maxLength={atMost(1000)} dir="auto" defaultValue={first.description ?? ""} />}
      </Field>
      <div class="row">
        <Input label={said.fields.dueDate} optional name="day" type="date" defaultValue={day} error={errors["dueDate"]} onInput={(event) => chooseDay(event.currentTarget.value)} />
        <Input label={said.fields.dueTime} optional name="time" type="time" defaultValue={dueDate && !isEndOfDay(dueDate) ? clockOf(dueDate) : ""} hint={said.fields.dueTimeHint} />
      </div>
      {day !== "" && <RecurrenceFields recurrence={first.recurrence} day={day} errors={errors} />}
      <div class="row">
        <Select label={said.priority} name="priority" value={first.priority ?? "medium"} options={Object.entries(said.priorities)} error={errors["priority"]} />
        <Select label={said.status} name="status" value={first.status ?? "todo"} options={Object.entries(said.statuses)} error={errors["status"]} />
      </div>
      <div class="row">
        <Input label={said.category} optional name="category" defaultValue={first.category ?? ""} maxLength={atMost(50)} list="categories" autocomplete="off" error={errors["category"]} dir="auto" />
        <Input label={said.fields.link} optional name="link" type="url" inputMode="url" defaultValue={first.link ?? ""} hint={said.fields.linkHint} autocomplete="off" error={errors["link"]} />
      </div>
      <datalist id="categories">
        {categories.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}
